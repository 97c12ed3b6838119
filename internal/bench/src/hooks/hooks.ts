/**
 * A process that measures what hooks and the approval middleware add to an announce, and what a
 * long list takes. Prints rows as JSON.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClientError, infoHashFrom, type InfoHash } from '@chihaya/bittorrent'
import { Answer, Tracker, type Announce, type PeerStore, type TrackerHooks } from '@chihaya/core'
import { EntryList, ListFile, type AnyList, type ListFormat } from '@chihaya/core/lists'
import { address, sampleAnnounce } from '@chihaya/core/testing'
// By path, as these parts are not exported.
import {
  ClientApproval,
  clientList,
} from '../../../../packages/middleware-clientapproval/src/client-approval.ts'
import { IpApproval } from '../../../../packages/middleware-ipapproval/src/ip-approval.ts'
import { networkList } from '../../../../packages/middleware-ipapproval/src/network-list.ts'
import { TokenBuckets } from '../../../../packages/middleware-ratelimit/src/token-buckets.ts'
import { infoHashList } from '../../../../packages/middleware-torrentapproval/src/info-hash-list.ts'
import { TorrentApproval } from '../../../../packages/middleware-torrentapproval/src/torrent-approval.ts'
import { IntervalVariation } from '../../../../packages/middleware-varinterval/src/index.ts'
import type { Row } from '../table.ts'

type PreAnnounce = TrackerHooks['preAnnounce']

const ANNOUNCES = 500_000
const ROUNDS = 9
const TORRENTS = 1_000_000
const NETWORKS = 50_000
const RANGES = 500_000
/** Announcing sources, a power of two. */
const SOURCES = 131_072
const FIVE_HOOKS = '5 synchronous hooks'
/** Nanoseconds for these; an `await` each would take ten times as long. */
const MOST = 100

const STATS = { swarms: 0, seeders: { ipv4: 0, ipv6: 0 }, leechers: { ipv4: 0, ipv6: 0 } }
const STORE: PeerStore = { announce: () => undefined, scrape: () => undefined, stats: () => STATS }
const REFUSED = new ClientError('refused')
const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Announces of many torrents. */
const requests = Array.from({ length: 1024 }, () =>
  sampleAnnounce({
    infoHash: infoHashFrom(randomBytes(20).toString('latin1')) as InfoHash,
    address: address('198.51.100.7'),
  }),
)

/** A tracker with hooks, and the nanoseconds per announce of each round. */
class Contender {
  readonly what: string
  readonly times: number[] = []
  readonly #tracker: Tracker
  readonly #answer = new Answer()

  constructor(what: string, hooks: readonly PreAnnounce[]) {
    this.what = what
    this.#tracker = new Tracker({ store: STORE, log: LOG, options: { returnSelfWhenAlone: false } })
    for (const hook of hooks) this.#tracker.addHook('preAnnounce', hook)
  }

  run(): void {
    const began = process.hrtime.bigint()
    for (let announce = 0; announce < ANNOUNCES; announce++)
      void this.#tracker.announce(requests[announce & 1023] as Announce, this.#answer)
    this.times.push(Number(process.hrtime.bigint() - began) / ANNOUNCES)
  }

  /** The fastest round: other load on the machine can only add. */
  get nanoseconds(): number {
    return Math.min(...this.times)
  }
}

async function listOf<List extends AnyList>(
  format: ListFormat<List>,
  entries: Iterable<string>,
): Promise<EntryList<List>> {
  const list = format.create(0)
  for (const entry of entries) format.add(list, Buffer.from(entry), 0, entry.length)
  await format.finish?.(list)
  return new EntryList(list, format.create(0))
}

/** Networks without the address of the announces. */
function* randomNetworks(): Generator<string> {
  for (let index = 0; index < NETWORKS; index++) {
    const [a = 0, b = 0, c = 0] = randomBytes(3)
    yield index % 2 === 0
      ? `${a & 127}.${b}.${c}.0/24`
      : `2001:${a.toString(16)}:${(b * 256 + c).toString(16)}::/48`
  }
}

function clientEntries(): string[] {
  const ids = Array.from({ length: 30 }, (_, index) => `XY${1000 + index}`)
  return [...ids, 'UT*', 'LT*', '-AZ*', 'qB >= 4.4', 'DE >= 2']
}

/** Ranges as in PeerGuardian's files, without the address of the announces. */
function* randomRanges(): Generator<string> {
  for (let index = 0; index < RANGES; index++) {
    const [a = 0, b = 0, c = 0, d = 0, length = 0] = randomBytes(5)
    const last = Math.min(255, d + (length >> 2))
    yield `Organisation ${index}: a name:${a & 127}.${b}.${c}.${d}-${a & 127}.${b}.${c}.${last}`
  }
}

/** A rate limit that is never reached. */
function limiting(sources: number): PreAnnounce {
  const buckets = new TokenBuckets({ perMinute: 60_000_000, burst: 2 ** 31 })
  const addresses = Array.from({ length: sources }, () => new Uint8Array(randomBytes(4)))
  let next = 0
  return approving(() => buckets.take(addresses[next++ & (sources - 1)] as Uint8Array, Date.now()))
}

async function contenders(): Promise<Contender[]> {
  let seen = 0
  const count: PreAnnounce = () => void seen++
  const clients = new ClientApproval(await listOf(clientList, clientEntries()), false)
  const torrents = new TorrentApproval(await listOf(infoHashList, randomInfoHashes()), false)
  const empty = await listOf(networkList, [])
  const refusing = async (entries: Iterable<string>): Promise<IpApproval> =>
    new IpApproval({
      whitelist: empty,
      blacklist: await listOf(networkList, entries),
      approvesOthers: true,
    })
  const addresses = await refusing(randomNetworks())
  addresses.allow('198.51.100.0/24')
  const listed = await refusing(randomNetworks())
  const guarded = await refusing(randomRanges())
  const variation = new IntervalVariation({
    modifyResponseProbability: 1,
    maxIncreaseDelta: 60,
    modifyMinInterval: true,
    symmetric: false,
  })
  return [
    new Contender('no hook', []),
    new Contender('1 synchronous hook', [count]),
    new Contender(FIVE_HOOKS, [count, count, count, count, count]),
    new Contender('client approval, 35 entries', [approving(({ peerId }) => clients.has(peerId))]),
    new Contender('torrent approval, 1,000,000 infohashes', [
      approving(({ infoHash }) => torrents.has(infoHash)),
    ]),
    new Contender('ip approval, 50,000 ranges', [
      approving((request) => listed.has(request.address)),
    ]),
    new Contender('ip approval, 500,000 ranges', [
      approving((request) => guarded.has(request.address)),
    ]),
    new Contender('ip approval, allowed at run time', [
      approving((request) => addresses.has(request.address)),
    ]),
    new Contender('rate limit, one source', [limiting(1)]),
    new Contender('rate limit, 131,072 sources', [limiting(SOURCES)]),
    new Contender('interval variation', [(_request, response) => variation.vary(response)]),
  ]
}

/** A hook that may refuse, as those of the packages do. */
function approving(approves: (request: Announce) => boolean): PreAnnounce {
  return (request) => {
    if (!approves(request)) throw REFUSED
  }
}

function* randomInfoHashes(): Generator<string> {
  for (let index = 0; index < TORRENTS; index++) yield randomBytes(20).toString('hex')
}

/** Time and memory to read a list of torrents. */
async function readLongList(): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'chihaya-bench-'))
  try {
    const path = join(folder, 'torrents.txt')
    const file = await open(path, 'w')
    // In pieces: memory used here would hide what the list takes.
    for (let index = 0; index < TORRENTS / 1000; index++) {
      const lines = Array.from({ length: 1000 }, () => `${randomBytes(20).toString('hex')}\n`)
      // oxlint-disable-next-line no-await-in-loop
      await file.write(lines.join(''))
    }
    await file.close()
    globalThis.gc?.()
    const before = process.memoryUsage.rss()
    const began = performance.now()
    const { list } = await ListFile.read({ path, format: infoHashList, log: LOG })
    const seconds = (performance.now() - began) / 1000
    globalThis.gc?.()
    const megabytes = (process.memoryUsage.rss() - before) / 1e6
    return {
      what: `read ${list.size.toLocaleString('en')} infohashes from a file`,
      measured: `${seconds.toFixed(2)} s, ${megabytes.toFixed(0)} MB`,
      target: '',
      met: true,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const rows = [await readLongList()]
const all = await contenders()
// In turn, so that a change in the machine's speed affects all.
for (let round = 0; round < ROUNDS; round++) for (const contender of all) contender.run()
const base = all[0]?.nanoseconds ?? 0
for (const { what, nanoseconds } of all) {
  const added = nanoseconds - base
  const plain = what === FIVE_HOOKS
  rows.push({
    what,
    measured: `${Math.round(nanoseconds)} ns (+${Math.round(added)} ns)`,
    target: plain ? `< ${MOST} ns` : '',
    met: !plain || added < MOST,
  })
}
console.log(JSON.stringify(rows))

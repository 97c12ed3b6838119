import { once } from 'node:events'
import { formatAddress, peerIdFrom, type InfoHash, type PeerId } from '@chihaya/bittorrent'
import { describe, expect, it } from 'vitest'
import { announceByHttp, closed, openStream, type Side } from './chaos-clients.ts'
import { Victim } from './chaos-victim.ts'
import { ChaosWorker, INFO_HASHES, peerName } from './chaos-worker.ts'

const OPERATIONS = 2500
const WORKERS = 16
const RELOADS = 8
const ASKER_PORT = 9
// Clients are not given peers with their own id.
const ASKER = { numWant: 500, peerId: peerIdFrom('-XX0001-cccccccccccc') as PeerId }
const LAST_LIMIT = 10

/** The peers that the tracker gives to a client that asks. */
async function swarmAt(side: Side, infoHash: InfoHash): Promise<string[]> {
  const asker = { infoHash, port: ASKER_PORT, stopped: false }
  const { peers } = await announceByHttp(side, asker, ASKER)
  return peers
    .filter(({ port }) => port !== ASKER_PORT)
    .map(({ address, port }) => peerName(infoHash, formatAddress(address), port))
}

describe('chihaya among honest and hostile clients', () => {
  it('keeps its peers, and nothing else', { timeout: 60_000 }, async () => {
    const victim = await Victim.start()
    const { chihaya } = victim
    const sides = [await victim.side('127.0.0.1'), await victim.side('::1')] as const
    // Opened at the first request or reload, and kept.
    await Promise.all(
      sides.map((side) =>
        announceByHttp(side, { infoHash: INFO_HASHES[0], port: ASKER_PORT, stopped: true }),
      ),
    )
    await victim.reload()
    await victim.reload()
    const workers = await Promise.all(
      Array.from({ length: WORKERS }, (_, index) => ChaosWorker.start(index, sides)),
    )
    const before = victim.descriptors()

    let left = OPERATIONS
    const done = Promise.all(
      workers.map(async (worker) => {
        while (left-- > 0) await worker.step()
      }),
    )
    for (let round = 0; round < RELOADS; round++) await victim.reload()
    await done

    await Promise.all(workers.flatMap(({ streams }) => streams).map(closed))
    await expect.poll(() => victim.descriptors(), { timeout: 10_000 }).toBeLessThanOrEqual(before)
    const announced = new Map(workers.flatMap((worker) => [...worker.announced]))
    const swarms = await Promise.all(
      sides.flatMap((side) => INFO_HASHES.map((infoHash) => swarmAt(side, infoHash))),
    )
    const present = [...announced].flatMap(([peer, there]) => (there ? peer : []))
    expect(present.length).toBeGreaterThan(100)
    expect(swarms.flat().toSorted()).toEqual(present.toSorted())

    // All connections up to the limit are served, so closed ones are not counted.
    await victim.reload(LAST_LIMIT)
    const [{ host, http }] = sides
    const last = Array.from({ length: LAST_LIMIT }, () => openStream(http, host))
    await Promise.all(last.map((socket) => once(socket, 'connect')))
    const answers = last.map((socket) => once(socket, 'data') as Promise<[Buffer]>)
    for (const socket of last) socket.write('GET /scrape HTTP/1.1\r\n\r\n')
    for (const [answer] of await Promise.all(answers))
      expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)

    expect(chihaya.process.exitCode).toBe(null)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(chihaya.stderr).toBe('')
    expect(chihaya.stdout).not.toMatch(/ERROR|FATAL|unhandled/i)
  })
})

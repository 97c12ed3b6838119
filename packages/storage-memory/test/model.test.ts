import { addressFamily } from '@chihaya/bittorrent'
import type { EvictionRules, PeerStore, Announce, SwarmEntry, Transition } from '@chihaya/core'
import {
  announceTo,
  changedAnnounce,
  checkAnswer,
  ModelPeerStore,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '@chihaya/core/testing'
import { MemoryPeerStore, type MemoryStorageOptions } from '@chihaya/storage-memory'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

const LIFETIME = 60_000

/** The store and the model side by side, on one clock that steps by whole seconds. */
class Pair {
  clock = 0
  steps = 0
  readonly store: MemoryPeerStore
  readonly model: ModelPeerStore

  constructor(options: MemoryStorageOptions) {
    const now = (): number => this.clock
    const { storeWebrtcPeers = false } = options
    this.store = new MemoryPeerStore({ ...options, peerLifetime: LIFETIME }, now)
    this.model = new ModelPeerStore({ peerLifetime: LIFETIME, now, storeWebrtcPeers })
  }

  announce(announce: Announce): void {
    this.steps++
    const answer = announceTo(this.store, announce)
    const candidates = this.model.announceForAll(announce)
    checkAnswer(answer, candidates, announce.numWant)
    // The store says nothing of a peer that only looks.
    if (announce.transition !== 'unchanged') expect(answer.before).toBe(candidates.before)
  }

  advance(seconds: number): void {
    this.steps++
    this.clock += seconds * 1000
    while (!this.store.expire(1));
    expect(this.store.stats()).toEqual(this.model.stats())
  }

  async evict(rules: EvictionRules): Promise<void> {
    this.steps++
    expect(await this.store.evict(rules)).toBe(this.model.evict(rules))
    expect(this.store.stats()).toEqual(this.model.stats())
  }

  async list(): Promise<void> {
    this.steps++
    const listed = async (store: PeerStore): Promise<Map<string, SwarmEntry>> => {
      const entries = new Map<string, SwarmEntry>()
      for await (const page of store.swarms?.() ?? [])
        for (const entry of page) entries.set(entry.infoHash, entry)
      return entries
    }
    expect(await listed(this.store)).toEqual(await listed(this.model))
  }

  scrape(numbers: readonly number[]): void {
    this.steps++
    const infoHashes = numbers.map(sampleInfoHash)
    for (const network of ['ipv4', 'ipv6', 'webrtc'] as const) {
      expect(scrapeFrom(this.store, infoHashes, network)).toEqual(
        scrapeFrom(this.model, infoHashes, network),
      )
    }
  }
}

const TRANSITIONS: Transition[] = [
  'leecher',
  'partial',
  'seeder',
  'completed',
  'stopped',
  'unchanged',
]

/** What the peers of a large swarm are, one after another. */
const CROWD_TRANSITIONS: Transition[] = ['leecher', 'seeder', 'partial', 'leecher', 'seeder']

const address = fc.oneof(
  fc
    .tuple(fc.constantFrom(10, 8), fc.nat(1), fc.nat(3))
    .map(([a, b, c]) => Uint8Array.of(a, 0, b, c)),
  fc.nat(3).map((last) => Uint8Array.of(0x20, 1, 0, ...Array<number>(12).fill(0), last)),
)

const announce: fc.Arbitrary<Announce> = fc
  .record({
    infoHash: fc.nat(5).map(sampleInfoHash),
    peerId: fc.nat(9).map(samplePeerId),
    address,
    port: fc.constantFrom(1, 2, 3, 4, 5),
    handle: fc.constantFrom(0, 0, 0, 1, 2, 0x0a00_0001),
    owner: fc.constantFrom(0, 1, 2, 0xffff_ffff),
    key: fc.constantFrom(undefined, 0, 1, 2),
    transition: fc.constantFrom(...TRANSITIONS),
    numWant: fc.constantFrom(0, 1, 3, 50, 200),
    leechersOnly: fc.boolean(),
    publicOnly: fc.boolean(),
    wantsPeerIds: fc.boolean(),
  })
  .map(sampleAnnounce)

/** Which of the few infohashes, addresses and peer ids above are refused. */
const rules: fc.Arbitrary<EvictionRules> = fc
  .record({
    infoHash: fc.option(fc.nat(5)),
    last: fc.option(fc.nat(3)),
    peerId: fc.option(fc.nat(9)),
    owner: fc.option(fc.constantFrom(1, 2, 0xffff_ffff)),
  })
  .map(({ infoHash, last, peerId, owner }) => ({
    infoHash: infoHash === null ? undefined : (refused) => refused === sampleInfoHash(infoHash),
    address: last === null ? undefined : (refused) => refused[refused.length - 1] === last,
    peerId: peerId === null ? undefined : (refused) => refused === samplePeerId(peerId),
    owner: owner === null ? undefined : (refused) => refused === owner,
  }))

type Step = fc.AsyncCommand<object, Pair>

const step = (name: string, run: (pair: Pair) => void | Promise<void>): Step => ({
  check: () => true,
  run: async (_model, pair) => run(pair),
  toString: () => name,
})

const commands = fc.commands(
  [
    announce.map((a) =>
      step(`${a.transition} ${addressFamily(a.address)} ${a.address.join('.')}:${a.port}`, (pair) =>
        pair.announce(a),
      ),
    ),
    announce.map((a) =>
      step(`again ${a.transition}`, (pair) =>
        pair.announce(changedAnnounce(a, { transition: 'leecher' })),
      ),
    ),
    fc
      .integer({ min: 1, max: 50 })
      .map((seconds) => step(`${seconds} s pass`, (pair) => pair.advance(seconds))),
    fc
      .array(fc.nat(6), { maxLength: 4 })
      .map((numbers) => step('scrape', (pair) => pair.scrape(numbers))),
    rules.map((refused) => step('evict', (pair) => pair.evict(refused))),
    fc.constant(step('list', (pair) => pair.list())),
  ],
  { maxCommands: 2000, size: 'max' },
)

test('agrees with the model over 100,000 steps', { timeout: 300_000 }, async () => {
  let steps = 0
  const property = fc.asyncProperty(commands, async (list) => {
    const pair = new Pair({ storeOwners: true, storeWebrtcPeers: true })
    await fc.asyncModelRun(() => ({ model: {}, real: pair }), list)
    steps += pair.steps
  })
  await fc.assert(property, { numRuns: 130 })
  expect(steps).toBeGreaterThan(100_000)
})

/**
 * Swarms of thousands, so that blocks split and join again; the model is O(swarm), hence the
 * sampling.
 */
test('agrees with the model in swarms of thousands', { timeout: 300_000 }, () => {
  const crowd =
    (family: number) =>
    (index: number): Announce =>
      sampleAnnounce({
        infoHash: sampleInfoHash(1),
        peerId: samplePeerId(index),
        address:
          family === 4
            ? Uint8Array.of(10, 0, index >> 8, index & 255)
            : Uint8Array.of(0x20, 1, ...Array<number>(12).fill(0), index >> 8, index & 255),
        port: 6881,
        transition: CROWD_TRANSITIONS[index % CROWD_TRANSITIONS.length] ?? 'leecher',
        numWant: 0,
        leechersOnly: false,
        publicOnly: false,
        wantsPeerIds: true,
      })
  fc.assert(
    fc.property(
      fc.constantFrom(4, 6),
      fc.integer({ min: 3000, max: 9000 }),
      fc.integer({ min: 1, max: 40 }),
      (family, size, later) => {
        const pair = new Pair({})
        const peer = crowd(family)
        // Only the last announce of each wave is held against the model in full; the others go to
        // both unseen.
        const wave = (from: number, to: number, change: (from: Announce) => Announce): void => {
          for (let index = from; index < to - 1; index++) {
            announceTo(pair.store, change(peer(index)))
            pair.model.enter(change(peer(index)))
          }
          pair.announce(changedAnnounce(change(peer(to - 1)), { numWant: 100 }))
          pair.scrape([1])
        }
        wave(0, size, (first) => first)
        pair.advance(later)
        wave(0, size, (then) =>
          changedAnnounce(then, {
            transition: then.transition === 'leecher' ? 'completed' : 'leecher',
          }),
        )
        wave(size >> 1, size, (last) => changedAnnounce(last, { transition: 'stopped' }))
        pair.advance(LIFETIME / 1000 - later)
        wave(10, size >> 3, (again) => again)
        pair.advance(later + 1)
        pair.advance(LIFETIME / 1000 + 1)
        expect(pair.store.stats().swarms).toBe(0)
      },
    ),
    { numRuns: 12 },
  )
})

import { addressFamily } from '@chihaya/bittorrent'
import type { Announce, Transition } from '@chihaya/core'
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
import type { RedisPeerStore } from '@chihaya/storage-redis'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SharedServer } from './shared-server.ts'
import { counted, storeOnClock } from './stores.ts'

const LIFETIME = 60

const shared = new SharedServer()

/** The store and the model side by side, on one clock that steps by whole seconds. */
class Pair {
  readonly clock = { now: 1_800_000_000 }
  readonly store: RedisPeerStore
  readonly model = new ModelPeerStore({
    peerLifetime: LIFETIME,
    now: () => this.clock.now,
    storeWebrtcPeers: true,
  })
  steps = 0

  constructor() {
    this.store = storeOnClock(shared.admin, this.clock, {
      peerLifetime: LIFETIME * 1000,
      storeOwners: true,
      storeWebrtcPeers: true,
    })
  }

  async announce(announce: Announce): Promise<void> {
    this.steps++
    const answer = await announceTo(this.store, announce)
    checkAnswer(answer, this.model.announceForAll(announce), announce.numWant)
  }

  async advance(seconds: number): Promise<void> {
    this.steps++
    this.clock.now += seconds
    expect(await counted(this.store).stats()).toEqual(this.model.stats())
  }

  async scrape(numbers: readonly number[]): Promise<void> {
    this.steps++
    const infoHashes = numbers.map(sampleInfoHash)
    for (const network of ['ipv4', 'ipv6', 'webrtc'] as const) {
      expect(await scrapeFrom(this.store, infoHashes, network)).toEqual(
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

const address = fc.oneof(
  fc
    .tuple(fc.constantFrom(10, 8), fc.nat(1), fc.nat(3))
    .map(([a, b, c]) => Uint8Array.of(a, 0, b, c)),
  fc
    .constantFrom(0xfc, 0x20)
    .chain((first) =>
      fc.nat(3).map((last) => Uint8Array.of(first, 1, 0, ...Array<number>(12).fill(0), last)),
    ),
)

const announce: fc.Arbitrary<Announce> = fc
  .record({
    infoHash: fc.nat(5).map(sampleInfoHash),
    peerId: fc.nat(9).map(samplePeerId),
    address,
    port: fc.constantFrom(1, 2, 3, 4, 5),
    handle: fc.constantFrom(0, 0, 0, 1, 2, 0xffff_ffff),
    owner: fc.constantFrom(0, 0, 1, 0xffff_ffff),
    key: fc.constantFrom(undefined, 0, 1, 0xffff_ffff),
    transition: fc.constantFrom(...TRANSITIONS),
    numWant: fc.constantFrom(0, 1, 3, 50, 200),
    leechersOnly: fc.boolean(),
    publicOnly: fc.boolean(),
    wantsPeerIds: fc.boolean(),
  })
  .map(sampleAnnounce)

type Step = fc.AsyncCommand<object, Pair>

const step = (name: string, run: (pair: Pair) => Promise<void>): Step => ({
  check: () => true,
  run: (_model, pair) => run(pair),
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
    announce.map((a) =>
      step(`with ids ${a.transition}`, (pair) =>
        pair.announce(changedAnnounce(a, { transition: 'seeder' })),
      ),
    ),
    fc
      .integer({ min: 1, max: 50 })
      .map((seconds) => step(`${seconds} s pass`, (pair) => pair.advance(seconds))),
    fc
      .array(fc.nat(6), { maxLength: 4 })
      .map((numbers) => step('scrape', (pair) => pair.scrape(numbers))),
  ],
  { maxCommands: 600, size: 'max' },
)

test('agrees with the model over thousands of steps', async () => {
  let steps = 0
  const property = fc.asyncProperty(commands, async (list) => {
    await shared.admin.flushall()
    const pair = new Pair()
    try {
      await fc.asyncModelRun(() => ({ model: {}, real: pair }), list)
    } finally {
      await pair.store.close()
    }
    steps += pair.steps
  })
  await fc.assert(property, { numRuns: 15 })
  expect(steps).toBeGreaterThan(2000)
})

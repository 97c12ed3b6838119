import * as fc from 'fast-check'
import {
  DELTA_FLAGS,
  DELTA_STATES,
  DELTA_TYPES,
  FREE_REASONS,
  type Bytes,
  type Delta,
} from '../src/delta.ts'

const uint32 = fc.nat({ max: 2 ** 32 - 1 })
const safe = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const large = fc.bigInt({ min: 2n ** 53n, max: 2n ** 100n })
const bytes: fc.Arbitrary<Bytes> = fc.oneof(safe, large)
const address = fc
  .constantFrom(4, 16)
  .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))

const parts = fc.record({
  at: uint32,
  type: fc.constantFrom(...DELTA_TYPES),
  user: uint32,
  torrent: uint32,
  peer: fc.option(fc.uint8Array({ minLength: 20, maxLength: 20 }), { nil: undefined }),
  event: fc.constantFrom('none', 'started', 'stopped', 'completed', 'paused' as const),
  state: fc.constantFrom(...DELTA_STATES),
  isNew: fc.boolean(),
  up: safe,
  down: safe,
  corrupt: safe,
  creditUp: bytes,
  creditDown: bytes,
  counters: fc.option(
    fc.record({
      uploaded: safe,
      downloaded: safe,
      corrupt: safe,
      left: fc.option(safe, { nil: undefined }),
    }),
    { nil: undefined },
  ),
  seedTime: uint32,
  leechTime: uint32,
  upSpeed: uint32,
  downSpeed: uint32,
  announces: uint32,
  since: uint32,
  snatch: fc.boolean(),
  free: fc.option(fc.constantFrom(...FREE_REASONS), { nil: undefined }),
  agent: fc.string({ unit: 'grapheme-ascii', maxLength: 64 }),
  flags: fc.subarray([...DELTA_FLAGS]),
  swarm: fc.option(fc.record({ seeders: uint32, leechers: uint32 }), { nil: undefined }),
  merged: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
})

const endpoint = fc.oneof(
  fc.constant({ address: undefined, port: 0 }),
  fc.record({ address, port: fc.nat(65_535) }),
)

/** Any record whatever, of values that a record may hold. */
export const arbitraryDelta: fc.Arbitrary<Delta> = fc
  .tuple(parts, endpoint)
  .map(([delta, where]) => ({ ...delta, ...where }))

import { randomBytes } from 'node:crypto'
import { address } from '@chihaya/core/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TokenBuckets } from '../src/token-buckets.ts'

const ONE = address('192.0.2.1')
const TWO = address('192.0.2.2')
/** Milliseconds since 1970, some day in 2026. */
const NOW = 1_790_000_000_000
const MINUTE = 60_000

function takeMany(buckets: TokenBuckets, source: Uint8Array, times: number, now: number): number {
  let taken = 0
  for (let count = 0; count < times; count++) if (buckets.take(source, now)) taken++
  return taken
}

describe('a token bucket', () => {
  test('is full at first, and gains its rate in a minute', () => {
    const buckets = new TokenBuckets({ perMinute: 60, burst: 100 })
    expect(takeMany(buckets, ONE, 1000, NOW)).toBe(100)
    expect(takeMany(buckets, ONE, 1000, NOW + 999)).toBe(0)
    expect(takeMany(buckets, ONE, 1000, NOW + 1000)).toBe(1)
    expect(takeMany(buckets, ONE, 1000, NOW + 31_000)).toBe(30)
    expect(takeMany(buckets, ONE, 1000, NOW + 1_000_000)).toBe(100)
  })

  test('belongs to one address of IPv4, or to one /64 of IPv6', () => {
    const buckets = new TokenBuckets({ perMinute: 1, burst: 1 })
    const sources = [
      '192.0.2.1',
      '192.0.2.2',
      '192.0.3.1',
      '2001:db8::1',
      '2001:db8:0:1::1',
      '2001:db8:1::1',
      '::c000:201',
    ]
    expect(sources.map((source) => buckets.take(address(source), NOW))).toEqual(
      sources.map(() => true),
    )
    const again = [...sources, '2001:db8::2', '2001:db8::ffff:ffff:ffff:ffff']
    expect(again.map((source) => buckets.take(address(source), NOW))).toEqual(
      again.map(() => false),
    )
  })

  test('is as exact at any rate: no more than the burst at once, and no less', () => {
    const rate = fc.integer({ min: 1, max: 1_000_000 })
    fc.assert(
      fc.property(
        rate,
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(1_000_000),
        (perMinute, burst, later) => {
          const buckets = new TokenBuckets({ perMinute, burst })
          expect(takeMany(buckets, ONE, burst + 10, NOW + later)).toBe(burst)
        },
      ),
    )
  })

  test('behaves like a model, regardless of other sources', () => {
    const step = fc.tuple(fc.nat(3), fc.nat(5000))
    fc.assert(
      fc.property(
        fc.constantFrom(60, 120, 600, 3000),
        fc.integer({ min: 1, max: 20 }),
        fc.array(step),
        (perMinute, burst, steps) => {
          const buckets = new TokenBuckets({ perMinute, burst })
          const tokens = [burst, burst, burst, burst]
          let now = NOW
          for (const [who, wait] of steps) {
            now += wait
            for (const [index, had] of tokens.entries())
              tokens[index] = Math.min(burst, had + (wait * perMinute) / MINUTE)
            // What sums of fractions leave open is no question of the limit.
            const has = tokens[who] ?? 0
            if (Math.abs(has - 1) < 1e-6) return
            expect(buckets.take(address(`192.0.2.${who}`), now)).toBe(has >= 1)
            if (has >= 1) tokens[who] = has - 1
          }
        },
      ),
    )
  })

  test('fills again when the clock was set back', () => {
    const buckets = new TokenBuckets({ perMinute: 1, burst: 5 })
    expect(takeMany(buckets, ONE, 10, NOW)).toBe(5)
    expect(takeMany(buckets, ONE, 10, NOW - 3_600_000)).toBe(5)
    expect(takeMany(buckets, ONE, 10, NOW - 3_600_000)).toBe(0)
  })
})

describe('a flood of sources', () => {
  test('causes no refusal, needs no more memory, and does not reset the busiest source', () => {
    const buckets = new TokenBuckets({ perMinute: 60, burst: 100 })
    expect(takeMany(buckets, ONE, 200, NOW)).toBe(100)
    const before = process.memoryUsage().arrayBuffers
    const ids = randomBytes(1_000_000 * 8)
    let refused = 0
    for (let count = 0; count < 1_000_000; count++) {
      const source = new Uint8Array(16)
      source.set(ids.subarray(count * 8, count * 8 + 8))
      source[0] = 0x20
      if (!buckets.take(source, NOW)) refused++
    }
    expect(refused).toBe(0)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000)
    expect(buckets.take(ONE, NOW)).toBe(false)
    expect(takeMany(buckets, TWO, 200, NOW)).toBe(100)
  })

  test('of IPv6 addresses in one /64 counts as one source', () => {
    const buckets = new TokenBuckets({ perMinute: 60, burst: 100 })
    let taken = 0
    for (let host = 0; host < 10_000; host++)
      if (buckets.take(address(`2001:db8::${host.toString(16)}`), NOW)) taken++
    expect(taken).toBe(100)
  })
})

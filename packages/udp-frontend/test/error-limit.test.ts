import { address } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { ErrorLimit } from '../src/protection/error-limit.ts'

const NOW = 1_795_255_278_000

/** How many of `count` errors at once are allowed. */
function allowed(
  limit: ErrorLimit,
  count: number,
  now: number,
  source: (index: number) => string,
): number {
  let sum = 0
  for (let index = 0; index < count; index++) if (limit.allow(address(source(index)), now)) sum++
  return sum
}

describe('the limit on errors', () => {
  test('allows ten at once and ten a second to a source', () => {
    const limit = new ErrorLimit(Buffer.alloc(16, 1))
    const source = (): string => '192.0.2.9'
    expect(allowed(limit, 1000, NOW, source)).toBe(10)
    expect(allowed(limit, 1000, NOW + 99, source)).toBe(0)
    expect(allowed(limit, 1000, NOW + 500, source)).toBe(5)
    expect(allowed(limit, 1000, NOW + 60_000, source)).toBe(10)
  })

  test('counts a /24 and a /56 as one source', () => {
    const limit = new ErrorLimit(Buffer.alloc(16, 1))
    expect(allowed(limit, 256, NOW, (index) => `192.0.2.${index}`)).toBe(10)
    expect(
      allowed(
        limit,
        256,
        NOW,
        (index) => `2001:db8:1:1${index.toString(16).padStart(2, '0')}::${index}`,
      ),
    ).toBe(10)
    expect(allowed(limit, 1000, NOW, () => '198.51.100.1')).toBe(10)
    expect(allowed(limit, 1000, NOW, () => '2001:db8:1:200::1')).toBe(10)
  })

  test('allows ten thousand at once in total', () => {
    const limit = new ErrorLimit(Buffer.alloc(16, 1))
    const source = (index: number): string =>
      `${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`
    expect(allowed(limit, 40_000, NOW, source)).toBe(10_000)
    expect(allowed(limit, 40_000, NOW + 100, (index) => source(index + 40_000))).toBe(1000)
  })

  test('continues when the clock is set back', () => {
    const limit = new ErrorLimit(Buffer.alloc(16, 1))
    const source = (): string => '192.0.2.9'
    expect(allowed(limit, 20, NOW, source)).toBe(10)
    expect(allowed(limit, 20, NOW - 3_600_000, source)).toBe(10)
    expect(allowed(limit, 20, NOW - 3_600_000, source)).toBe(0)
  })

  test('lets different networks share a bucket under different seeds', () => {
    const silenced = (seed: number): number[] => {
      const limit = new ErrorLimit(Buffer.alloc(16, seed))
      allowed(limit, 4000, NOW, (index) => `172.${(index % 400) >> 8}.${(index % 400) & 255}.1`)
      const others = Array.from({ length: 5000 }, (_, index) => index)
      return others.filter(
        (index) => !limit.allow(address(`10.${index >> 8}.${index & 255}.1`), NOW),
      )
    }
    const [one, other] = [silenced(1), silenced(2)]
    expect(one.length).toBeGreaterThan(0)
    expect(one).not.toEqual(other)
    expect(one).toEqual(silenced(1))
  })
})

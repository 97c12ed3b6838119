import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AddressRange } from '../src/address-range.ts'
import { RangeTable } from '../src/range-table.ts'

type Pair = readonly [first: bigint, last: bigint]

function bytes(number: bigint, length: number): Uint8Array {
  return new Uint8Array(Buffer.from(number.toString(16).padStart(length * 2, '0'), 'hex'))
}

/** What the table should say: by all ranges, one after another. */
function closest(ranges: readonly Pair[], asked: bigint, width: number): number {
  let closeness = 0
  for (const [first, last] of ranges) {
    if (asked < first || asked > last) continue
    closeness = Math.max(
      closeness,
      width + 1 - (last === first ? 0 : (last - first).toString(2).length),
    )
  }
  return closeness
}

async function table(ranges: readonly Pair[], length: number): Promise<RangeTable> {
  const made = new RangeTable()
  for (const [first, last] of ranges)
    made.add({ first: bytes(first, length), last: bytes(last, length) })
  await made.finish()
  return made
}

/**
 * Numbers that are often equal or neighbours, at both ends of the space and where words of 16 and
 * 32 bits meet.
 */
function numbers(width: number): fc.Arbitrary<bigint> {
  const max = (1n << BigInt(width)) - 1n
  const corner = fc.constantFrom(
    0n,
    1n << 16n,
    1n << 31n,
    1n << BigInt(width - 1),
    (1n << BigInt(width / 2)) * 3n,
    max,
  )
  const near = fc.tuple(corner, fc.bigInt(-6n, 6n)).map(([at, by]) => at + by)
  return fc
    .oneof({ weight: 5, arbitrary: near }, fc.bigInt(0n, max))
    .filter((number) => number >= 0n && number <= max)
}

describe.each([
  ['IPv4', 4],
  ['IPv6', 16],
] as const)('a table of %s ranges', (_family, length) => {
  const width = length * 8
  const pair = fc
    .tuple(numbers(width), numbers(width))
    .map(([one, other]): Pair => (one <= other ? [one, other] : [other, one]))

  test('finds the closest range, like a linear search', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(pair, { maxLength: 30 }),
        fc.array(numbers(width), { maxLength: 10 }),
        async (ranges, asked) => {
          const made = await table(ranges, length)
          expect(made.size).toBe(ranges.length)
          const all = [
            ...asked,
            ...ranges.flatMap(([first, last]) => [first - 1n, first, last, last + 1n]),
          ]
          for (const number of all.filter((each) => each >= 0n && each < 1n << BigInt(width))) {
            expect(made.get(bytes(number, length))).toBe(closest(ranges, number, width))
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('does not depend on the order or number of added ranges', async () => {
    // More than are sorted at a time, each beginning where no other does, and every tenth within
    // the one before it.
    const ranges = Array.from({ length: 100_000 }, (_, index): Pair => {
      const first =
        (BigInt(index - (index % 10 === 9 ? 1 : 0)) << BigInt(width - 18)) + BigInt(index % 10)
      return [first, first + BigInt(index % 10 === 9 ? 1 : index % 700)]
    })
    const inOrder = await table(ranges, length)
    // 7919 is a prime, so each place is taken by one of them.
    const places = ranges.map((range, index) => ({ range, place: (index * 7919) % ranges.length }))
    const inDisorder = places
      .toSorted((one, other) => one.place - other.place)
      .map(({ range }) => range)
    const shuffled = await table(inDisorder, length)
    for (const [index, range] of ranges.entries()) {
      if (index % 97 !== 0) continue
      for (const asked of range.flatMap((end) => [end, end + 1n])) {
        const expected = closest(ranges.slice(Math.max(0, index - 3), index + 4), asked, width)
        expect([inOrder.get(bytes(asked, length)), shuffled.get(bytes(asked, length))]).toEqual([
          expected,
          expected,
        ])
      }
    }
  })
})

test('a table keeps the families apart', async () => {
  const made = new RangeTable()
  made.add({ first: bytes(0n, 4), last: bytes(2n ** 32n - 1n, 4) } satisfies AddressRange)
  await made.finish()
  expect([made.get(bytes(7n, 4)), made.get(bytes(7n, 16))]).toEqual([1, 0])
})

test('500,000 ranges take 5 MB, and others are served while they are laid out', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    return process.memoryUsage().arrayBuffers
  }
  const before = held()
  const made = new RangeTable()
  for (let index = 0; index < 500_000; index++) {
    // From the last to the first, so that there is something to sort.
    const first = (499_999 - index) * 8192
    made.add({ first: bytes(BigInt(first), 4), last: bytes(BigInt(first + (index % 4096)), 4) })
  }
  let turns = 0
  const count = (): void => {
    turns++
    counting = setImmediate(count)
  }
  let counting = setImmediate(count)
  await made.finish()
  clearImmediate(counting)
  expect(turns).toBeGreaterThan(50)
  await expect.poll(() => held() - before, { timeout: 20_000 }).toBeLessThan(6_000_000)
  expect([made.get(bytes(8192n * 77n, 4)), made.get(bytes(8191n, 4))]).toEqual([25, 0])
})

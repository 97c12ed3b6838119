import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExpiringTable } from '../src/heap/expiring-table.ts'

const NO_BOUND = 1_000_000

/** Few hashes in few parts of the table, some of them alike but for one bit. */
const hash = fc
  .tuple(fc.nat(2), fc.nat(60))
  .map(([part, rest]) => ((part << 24) | (rest << 2)) >>> 0)

test('behaves like a map with expiry times', () => {
  const step = fc.record({
    what: fc.constantFrom('set', 'set', 'set', 'get', 'get', 'delete', 'pass'),
    hash,
    value: fc.nat(),
    life: fc.integer({ min: 1, max: 40 }),
  })
  const property = fc.property(fc.array(step, { maxLength: 1500, size: 'max' }), (steps) => {
    const table = new ExpiringTable()
    const model = new Map<number, { value: number; end: number }>()
    let tick = 0
    for (const { what, hash: key, value, life } of steps) {
      const name = key || 1
      if (what === 'pass') tick += life >> 2
      else if (what === 'set') {
        table.set(key, value, tick + life, tick, NO_BOUND)
        model.set(name, { value, end: tick + life })
      } else if (what === 'delete') {
        table.delete(key)
        model.delete(name)
      } else {
        const entry = model.get(name)
        expect(table.get(key, tick)).toBe(entry && entry.end > tick ? entry.value : -1)
      }
    }
    for (const [key, { value, end }] of model)
      expect(table.get(key, tick)).toBe(end > tick ? value : -1)
  })
  fc.assert(property, { numRuns: 300 })
})

test('forgets what ends first when it is full, and takes no more memory', () => {
  const table = new ExpiringTable()
  const bound = 10_000
  const spread = (number: number): number => Math.imul(number, 0x9e37_79b1) >>> 0
  for (let number = 1; number <= 500_000; number++)
    table.set(spread(number), number, number, 0, bound)
  let held = 0
  for (let number = 1; number <= 500_000; number++)
    if (table.get(spread(number), 0) === number) held++
  expect(held).toBeGreaterThan(bound / 4)
  expect(table.bytes).toBeLessThan(bound * 12 * 4)
  for (let number = 499_800; number <= 500_000; number++)
    expect(table.get(spread(number), 0)).toBe(number)
})

import { KeyedHash } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordIndex } from '../src/memory/record-index.ts'
import { RecordPool } from '../src/memory/record-pool.ts'

/** An index of records whose key is their first word and whose second word is a value. */
function numbers(): {
  put(key: number, value: number): void
  get(key: number): number | undefined
  remove(key: number): void
  size(): number
} {
  const pool = new RecordPool(2)
  const index = new RecordIndex(pool, { at: 0, length: 1 }, new KeyedHash(3, 4))
  const key = new Uint32Array(1)
  const find = (number: number): number => {
    key[0] = number
    return index.find(key)
  }
  return {
    put(number, value) {
      let record = find(number)
      if (record === 0) {
        record = pool.allocate()
        pool.set(record, 0, number)
        index.add(record)
      }
      pool.set(record, 1, value)
    },
    get(number) {
      const record = find(number)
      return record === 0 ? undefined : pool.get(record, 1)
    },
    remove(number) {
      const record = find(number)
      if (record === 0) return
      index.remove(record)
      pool.release(record)
    },
    size: () => pool.size,
  }
}

test('an index holds what a map would, through any puts and removals', () => {
  const key = fc.nat(400)
  const step = fc.oneof(fc.record({ put: key, value: fc.nat() }), fc.record({ remove: key }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2000, size: 'max' }), (steps) => {
      const index = numbers()
      const map = new Map<number, number>()
      for (const one of steps) {
        if ('put' in one) {
          index.put(one.put, one.value)
          map.set(one.put, one.value)
        } else {
          index.remove(one.remove)
          map.delete(one.remove)
        }
      }
      expect(index.size()).toBe(map.size)
      for (let one = 0; one <= 400; one++) expect(index.get(one)).toBe(map.get(one))
    }),
    { numRuns: 50 },
  )
})

test('an index grows to any size, and finds everything in it', () => {
  const index = numbers()
  const count = 100_000
  for (let key = 1; key <= count; key++) index.put(key, key * 2)
  for (let key = 1; key <= count; key += 3) index.remove(key)
  let wrong = 0
  for (let key = 1; key <= count; key++) {
    if (index.get(key) !== (key % 3 === 1 ? undefined : key * 2)) wrong++
  }
  expect(wrong).toBe(0)
  expect(index.size()).toBe(count - Math.ceil(count / 3))
})

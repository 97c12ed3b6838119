import { KeyedHash } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'
import { Heap } from '../src/heap/heap.ts'
import { PeerBlocks } from '../src/peers/blocks.ts'
import { PeerDraw } from '../src/peers/draw.ts'
import { Columns } from '../src/peers/layout.ts'
import { PeerSets } from '../src/peers/sets.ts'

const IPV4_U32 = 2

/**
 * A set of peers numbered from 0, under a fixed key, so that a test knows which block a peer falls
 * to.
 */
class NumberedSet {
  readonly sets = new PeerSets(
    new PeerBlocks(new Heap(), new KeyedHash(1, 2), IPV4_U32, 0, new Columns(false, false)),
  )
  readonly #key = new Uint32Array(5)
  root = 0

  hash(number: number): number {
    this.#key[0] = number
    this.#key[1] = 0x1f90
    return this.sets.blocks.hash(this.#key, 0)
  }

  insert(number: number): void {
    this.root = this.sets.insert(this.root, this.#key, this.hash(number))
  }

  has(number: number): boolean {
    const hash = this.hash(number)
    return this.sets.find(this.root, this.#key, hash)
  }

  remove(number: number): void {
    if (this.has(number)) this.root = this.sets.remove(this.root)
  }

  /** How many peers a draw finds. */
  draw(want: number): number {
    const draw = new PeerDraw()
    draw.endpoints = new Uint16Array(want * 3)
    draw.begin(3)
    draw.fromSet(this.sets, this.root, want)
    return draw.drawn
  }
}

describe('a set of thousands', () => {
  const numbers = Array.from({ length: 5000 }, (_, number) => number)
  const eighth = (set: NumberedSet, number: number): number => set.hash(number) >>> 29

  test('finds the remaining peers after some blocks have emptied, and admits the others again', () => {
    const set = new NumberedSet()
    for (const number of numbers) set.insert(number)
    for (const number of numbers) if (eighth(set, number) < 6) set.remove(number)
    const left = numbers.filter((number) => eighth(set, number) >= 6)
    expect(set.sets.size(set.root)).toBe(left.length)
    for (const number of numbers) expect(set.has(number)).toBe(eighth(set, number) >= 6)
    expect(set.draw(200)).toBe(200)
    expect(set.draw(5000)).toBe(left.length)
    for (const number of numbers) if (eighth(set, number) < 6) set.insert(number)
    for (const number of numbers) expect(set.has(number)).toBe(true)
    expect(set.draw(5000)).toBe(5000)
  })

  test('becomes one block again, and finally empty', () => {
    const set = new NumberedSet()
    for (const number of numbers) set.insert(number)
    expect(set.sets.directories.is(set.root)).toBe(true)
    for (const number of numbers.slice(300)) set.remove(number)
    expect(set.sets.directories.is(set.root)).toBe(false)
    expect(set.draw(1000)).toBe(300)
    for (const number of numbers) set.remove(number)
    expect(set.root).toBe(0)
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Heap, u32At, MAX_BLOCK_BYTES, segmentOf } from '../src/heap/heap.ts'

interface Block {
  reference: number
  u32: number
  stamp: number
}

/**
 * A heap whose blocks are stamped from end to end, so that two that overlap give themselves away.
 */
class StampedHeap {
  readonly heap = new Heap()
  readonly blocks: Block[] = []
  #stamp = 0

  allocate(bytes: number): void {
    const block = { reference: this.heap.allocate(bytes), u32: bytes >> 2, stamp: ++this.#stamp }
    this.#view(block).fill(block.stamp)
    this.blocks.push(block)
  }

  free(index: number): void {
    const [block] = this.blocks.splice(index % this.blocks.length, 1)
    if (!block) return
    this.check(block)
    this.heap.free(block.reference)
  }

  check(block: Block): void {
    expect(this.#view(block).every((long) => long === block.stamp)).toBe(true)
  }

  #view(block: Block): Uint32Array {
    const at = u32At(block.reference)
    return (
      this.heap.u32[segmentOf(block.reference)]?.subarray(at, at + block.u32) ?? new Uint32Array()
    )
  }
}

describe('the heap', () => {
  test('allocates blocks that never overlap, and frees all of them', () => {
    const operation = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          bytes: fc.oneof(fc.integer({ min: 4, max: 200 }), fc.integer({ min: 200, max: 60_000 })),
        }),
      },
      { weight: 4, arbitrary: fc.record({ free: fc.nat() }) },
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 2000, size: 'max' }), (operations) => {
        const stamped = new StampedHeap()
        for (const next of operations) {
          if ('bytes' in next) stamped.allocate(next.bytes & ~3)
          else if (stamped.blocks.length > 0) stamped.free(next.free)
        }
        for (const block of stamped.blocks) stamped.check(block)
        while (stamped.blocks.length > 0) stamped.free(0)
        // All free blocks have joined: the largest possible one fits without another segment.
        const { bytes } = stamped.heap
        stamped.allocate(MAX_BLOCK_BYTES)
        expect(stamped.heap.bytes).toBe(Math.max(bytes, 4 << 20))
      }),
      { numRuns: 30 },
    )
  })

  test('returns all empty segments but one to the system', () => {
    const heap = new Heap()
    const blocks = Array.from({ length: 1000 }, () => heap.allocate(60_000))
    expect(heap.bytes).toBeGreaterThan(50e6)
    for (const block of blocks) heap.free(block)
    expect(heap.bytes).toBe(4 << 20)
    expect(heap.allocate(60_000)).toBeGreaterThan(0)
  })

  test('refuses a block that no segment could hold', () => {
    expect(() => new Heap().allocate(MAX_BLOCK_BYTES + 1)).toThrow('does not fit a segment')
  })
})

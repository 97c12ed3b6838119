import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SendQueue } from '../src/send-queue.ts'
import { strideFor } from '../src/batch.ts'

describe('the send queue', () => {
  it('returns datagrams in order, in contiguous ranges', () => {
    const datagram = fc.tuple(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom(4, 16),
      fc.nat(65_535),
    )
    const action = fc.oneof(fc.record({ add: datagram }), fc.record({ remove: fc.nat(5) }))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.array(action, { maxLength: 100 }),
        (size, actions) => {
          const queue = new SendQueue(size, 100)
          const model: Array<[Uint8Array, number, number]> = []
          for (const step of actions) {
            expect([queue.length, queue.full]).toEqual([model.length, model.length === size])
            if ('add' in step && !queue.full) {
              const [bytes, length, port] = step.add
              const address = new Uint8Array(length).fill(port)
              queue.add(
                bytes,
                address,
                port,
                0,
                port % 2 ? { address: address.toReversed(), scope: port } : undefined,
              )
              model.push([bytes, length, port])
            }
            if ('remove' in step) {
              const { from, to } = queue
              expect(from + Math.min(model.length, size - from)).toBe(to)
              for (let index = from; index < to; index++) {
                const [bytes, length, port] = model.at(index - from) as [Uint8Array, number, number]
                const at = index * strideFor(100)
                expect(new Uint8Array(queue.output, at, bytes.length)).toEqual(bytes)
                expect(queue.records.address(index)).toEqual(new Uint8Array(length).fill(port))
                expect(queue.records.port(index)).toBe(port)
                const local =
                  port % 2 ? { address: new Uint8Array(length).fill(port), scope: port } : undefined
                expect(queue.records.local(index)).toEqual(local)
              }
              const count = Math.min(step.remove, to - from)
              queue.remove(count)
              model.splice(0, count)
            }
          }
        },
      ),
    )
  })
})

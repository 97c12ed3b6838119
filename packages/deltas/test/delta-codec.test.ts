import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { DeltaReader, encodeDelta, MAX_RECORD_LENGTH } from '../src/delta-codec.ts'
import { arbitraryDelta } from './arbitrary-delta.ts'

test('records are read as they were written, one after the other', () => {
  fc.assert(
    fc.property(fc.array(arbitraryDelta, { minLength: 1, maxLength: 5 }), (deltas) => {
      const bytes = new Uint8Array(MAX_RECORD_LENGTH * deltas.length)
      const view = new DataView(bytes.buffer)
      let at = 0
      for (const delta of deltas) {
        const end = encodeDelta(delta, view, bytes, at)
        expect(end - at).toBeLessThanOrEqual(MAX_RECORD_LENGTH)
        at = end
      }
      const reader = new DeltaReader(bytes.subarray(0, at))
      for (const delta of deltas) expect(reader.read()).toEqual(delta)
    }),
  )
})

test('a record that is cut off is an error', () => {
  fc.assert(
    fc.property(arbitraryDelta, fc.nat(), (delta, where) => {
      const bytes = new Uint8Array(MAX_RECORD_LENGTH)
      const end = encodeDelta(delta, new DataView(bytes.buffer), bytes, 0)
      expect(() => new DeltaReader(bytes.slice(0, where % end)).read()).toThrow(RangeError)
    }),
  )
})

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Mutator } from '../src/mutator.ts'
import { Random } from '../src/random.ts'

const bytes = fc.uint8Array({ maxLength: 40 })

test('keeps within the maximum length, and does not modify its inputs', () => {
  const property = fc.property(fc.integer(), bytes, bytes, (seed, input, other) => {
    const [before, otherBefore] = [Uint8Array.from(input), Uint8Array.from(other)]
    const mutator = new Mutator(new Random(seed), ['token', ''], 50)
    for (let round = 0; round < 20; round++)
      expect(mutator.mutate(input, other).length).toBeLessThanOrEqual(50)
    expect([input, other]).toEqual([before, otherBefore])
  })
  fc.assert(property, { numRuns: 200 })
})

test('makes every kind of change: bytes, tokens, numbers, splices, repetitions, removals', () => {
  const mutator = new Mutator(new Random(3), ['TOKEN'], 4096)
  const input = Buffer.from('port=6881&left=1000')
  const made = Array.from({ length: 4000 }, () =>
    Buffer.from(mutator.mutate(input, Buffer.from('other'))).toString('latin1'),
  )
  for (const sign of [
    /TOKEN/,
    /=65536&/,
    /other/,
    /(port.*){20}/,
    /^port=\d+$/,
    /\xff\xff\xff\xff/,
    /^$/,
  ]) {
    expect(made.some((text) => sign.test(text))).toBe(true)
  }
})

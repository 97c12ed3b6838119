import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { minimise } from '../src/minimise.ts'

test('keeps only what the failure needs', async () => {
  const input = Buffer.from('many other words, the needle, and more of them')
  const failsAlike = async (candidate: Uint8Array): Promise<boolean> =>
    Buffer.from(candidate).includes('needle')
  expect(String(await minimise(input, failsAlike))).toBe('needle')
  const isLong = async (candidate: Uint8Array): Promise<boolean> => candidate.length >= 5
  expect(String(await minimise(input, isLong))).toBe('00000')
})

test('leaves a minimal input unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 30 }), async (input) => {
      const smallest = await minimise(input, async (candidate) =>
        Buffer.from(candidate).equals(input),
      )
      expect([...smallest]).toEqual([...input])
    }),
  )
})

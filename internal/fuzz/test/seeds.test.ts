import { expect, test } from 'vitest'
import { readInputs, seedFolder } from '../src/corpus.ts'
import { TARGETS } from '../src/target.ts'

test.each(Object.entries(TARGETS))('%s passes every seed', async (name, load) => {
  const { target } = await load()
  const seeds = readInputs(seedFolder(name))
  expect(seeds.length).toBeGreaterThan(0)
  // oxlint-disable-next-line no-await-in-loop
  for (const seed of seeds) await target.run(seed)
})

test('seeds are few and small', () => {
  for (const name of Object.keys(TARGETS)) {
    const seeds = readInputs(seedFolder(name))
    expect(seeds.length).toBeLessThanOrEqual(100)
    expect(seeds.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(65_536)
  }
})

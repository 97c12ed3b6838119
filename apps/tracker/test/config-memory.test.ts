import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { readText } from './read-text.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const HTTP = 'http: { addr: ":1" }'
const variation = (seconds: number): string =>
  `{ name: interval variation, options: { modify_response_probability: 1, max_increase_delta: ${seconds} } }`
const withHooks = (...hooks: string[]): string =>
  `chihaya: { ${HTTP}, prehooks: [${hooks.join(', ')}] }`

function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

it('a configuration with the packages of the one before does not have its schema compiled again', async () => {
  const { settings } = await readText(withHooks(variation(1)))
  expect((await readText(withHooks(variation(2)))).settings.schema).toBe(settings.schema)
  const other = await readText(withHooks(variation(1), variation(2)))
  expect(other.settings.schema).not.toBe(settings.schema)
})

it('configurations with different packages leave no memory behind', async () => {
  const readBoth = async (): Promise<void> => {
    await readText(withHooks(variation(1)))
    await readText(withHooks(variation(1), variation(2)))
  }
  for (let round = 0; round < 3; round++) {
    // oxlint-disable-next-line no-await-in-loop
    await readBoth()
  }
  const before = heapUsed()
  for (let round = 0; round < 20; round++) {
    // oxlint-disable-next-line no-await-in-loop
    await readBoth()
  }
  // 40 compiled schemas are 16 MB. V8 frees code late.
  expect(heapUsed() - before).toBeLessThan(4_000_000)
})

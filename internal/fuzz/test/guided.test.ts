import { expect, test } from 'vitest'
import { runFuzz } from './run-fuzz.ts'

// About a second each. Longer runs find more: `pnpm fuzz --minutes 60`.
test.each([
  ['udp-datagram', 1000],
  ['http-get', 3000],
  ['query', 20_000],
  ['bdecode', 50_000],
  ['url-data', 20_000],
  ['address', 50_000],
  ['list', 10_000],
  ['network-list', 10_000],
  ['proxy-header', 5000],
])('%s passes %d coverage-guided inputs', async (name, runs) => {
  const { code, stdout, stderr } = await runFuzz(name, '--runs', String(runs), '--seed', '1')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(new RegExp(`^${name}: \\d+ runs in`))
})

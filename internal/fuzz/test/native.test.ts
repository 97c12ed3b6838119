import { expect, test } from 'vitest'
import { NATIVE_TARGETS } from '../src/native-fuzzer.ts'
import { runFuzz } from './run-fuzz.ts'

test.each(NATIVE_TARGETS)('%s passes every seed and coverage-guided inputs', async (name) => {
  const { code, stdout, stderr } = await runFuzz(name, '--runs', '20000', '--seed', '1')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(new RegExp(`^${name}: Done 20000 runs`))
})

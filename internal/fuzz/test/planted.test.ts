import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Mutator } from '../src/mutator.ts'
import { Random } from '../src/random.ts'
import { target } from './planted/magic.ts'
import { planted, runFuzz, temporaryFolder } from './run-fuzz.ts'

const RUNS = '100000'

describe('a fault behind a magic number', () => {
  test('is found, minimised, and fails again when replayed', async () => {
    const crashes = temporaryFolder()
    const { code, stderr } = await runFuzz(
      planted('magic'),
      '--runs',
      RUNS,
      '--seed',
      '1',
      '--crashes',
      crashes,
    )
    expect(code).toBe(1)
    expect(stderr).toContain('RangeError: the planted fault')
    const [name = ''] = readdirSync(crashes)
    expect(readFileSync(join(crashes, name), 'latin1')).toBe('Chih000000000')
    const [, command = ''] = /again: pnpm fuzz (.*)$/m.exec(stderr) ?? []
    const again = await runFuzz(...command.split(' '))
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('RangeError: the planted fault'),
    })
  })

  test('is found again with the same seed', async () => {
    const args = [planted('magic'), '--runs', RUNS, '--seed', '7', '--crashes', temporaryFolder()]
    expect(await runFuzz(...args)).toEqual(await runFuzz(...args))
  })

  test('is not found by as many random inputs', async () => {
    const mutator = new Mutator(new Random(1), [], target.maxLength)
    const empty = new Uint8Array()
    for (let run = 0; run < Number(RUNS); run++) await target.run(mutator.mutate(empty, empty))
  })
})

test('an endless loop ends the run and leaves its input', async () => {
  const crashes = temporaryFolder()
  const args = ['--runs', RUNS, '--seed', '1', '--patience', '1', '--crashes', crashes]
  const { signal, stderr } = await runFuzz(planted('endless'), ...args)
  expect([signal, stderr]).toEqual([
    'SIGKILL',
    expect.stringContaining('one input takes longer than 1 seconds'),
  ])
  const [name = ''] = readdirSync(crashes)
  expect(readFileSync(join(crashes, name)).includes(0xfe)).toBe(true)
})

test('unknown targets and invalid arguments are refused with the usage', async () => {
  for (const args of [['nonsense'], ['bdecode', '--runs', 'many'], ['--what']]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await runFuzz(...args)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Targets: udp-datagram, http-get'),
    })
  }
})

import { parseArgs } from 'node:util'
import { CRASHES } from './corpus.ts'
import { fuzz, type Task } from './fuzz.ts'
import { fuzzNative, NATIVE_TARGETS } from './native-fuzzer.ts'
import { TARGETS } from './target.ts'

const ALL = [...Object.keys(TARGETS), ...NATIVE_TARGETS]

const USAGE = `pnpm fuzz [TARGET …] [--minutes N | --runs N] [--seed N]
pnpm fuzz TARGET --replay FILE
pnpm fuzz TARGET --merge

--crashes FOLDER stores inputs that make a target fail. --patience N ends an input after N seconds.

Targets: ${ALL.join(', ')}, or the path of a module that exports a target`

const { names, task } = readCommandLine()
for (const name of names) {
  // One after another, because coverage is measured for the whole process.
  // oxlint-disable-next-line no-await-in-loop
  const holds = await (NATIVE_TARGETS.includes(name) ? fuzzNative(name, task) : fuzz(name, task))
  if (!holds) process.exitCode = 1
}

function readCommandLine(): { names: string[]; task: Task } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        minutes: { type: 'string', default: '1' },
        runs: { type: 'string' },
        seed: { type: 'string' },
        patience: { type: 'string', default: '20' },
        crashes: { type: 'string', default: CRASHES },
        replay: { type: 'string' },
        merge: { type: 'boolean', default: false },
      },
    })
    for (const name of positionals)
      if (!ALL.includes(name) && !name.endsWith('.ts')) throw new Error(`unknown target ${name}`)
    const chosen = positionals.length > 0 ? positionals : ALL
    return {
      names: chosen,
      task: {
        runs: number(values.runs),
        milliseconds: ((number(values.minutes) ?? 1) * 60_000) / chosen.length,
        seed: number(values.seed) ?? 1 + Math.floor(Math.random() * 2 ** 31),
        patience: (number(values.patience) ?? 0) * 1000,
        crashes: values.crashes,
        replay: values.replay,
        merge: values.merge,
      },
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!(Number(text) > 0)) throw new Error(`${JSON.stringify(text)} is not a positive number`)
  return Number(text)
}

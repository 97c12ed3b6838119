import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readInputs, ROOT, seedFolder, workFolder, writeInput } from './corpus.ts'
import { Coverage } from './coverage.ts'
import { Fuzzer, type Failure } from './fuzzer.ts'
import { TARGETS, type Target } from './target.ts'
import { Watchdog } from './watchdog.ts'

/** The task on the command line. */
export interface Task {
  /**
   * The number of inputs for each target, starting with only the repository's seeds. Undefined if
   * `milliseconds` decides.
   */
  readonly runs: number | undefined
  /** The time for each target. */
  readonly milliseconds: number
  readonly seed: number
  /** Milliseconds after which an input counts as an endless loop. */
  readonly patience: number
  /** The folder for inputs that make a target fail. */
  readonly crashes: string
  /** The file of an input to replay instead. */
  readonly replay: string | undefined
  /** Whether to merge the finds of long runs into the repository's seeds instead. */
  readonly merge: boolean
}

const PACKAGES = pathToFileURL(ROOT).href
const OWN = new URL('.', import.meta.url).href

let coverage: Coverage | undefined

/** Fuzzes one target according to the task. Returns whether it passed. */
export async function fuzz(name: string, task: Task): Promise<boolean> {
  const { runs, milliseconds, seed, replay, merge } = task
  const passed = (result: Uint8Array[] | Failure): result is Uint8Array[] =>
    isPassed(name, task, result)
  coverage ??= new Coverage(isMeasured)
  const { target } = await load(name)
  const seeds = readInputs(seedFolder(name))
  const finds = runs === undefined ? readInputs(workFolder(name)) : []
  const replayed = replay === undefined ? [] : [readFileSync(replay)]
  const room = Math.max(
    target.maxLength,
    ...[...seeds, ...finds, ...replayed].map(({ length }) => length),
  )
  const watchdog = new Watchdog(task.patience, room, task.crashes)
  const fuzzer = new Fuzzer({ target, coverage, watchdog, seed })
  if (replay !== undefined) return passed(await fuzzer.learn(replayed))

  const started = performance.now()
  if (!passed(await fuzzer.learn(seeds))) return false
  const learned = await fuzzer.learn(finds.sort((one, other) => one.length - other.length))
  if (!passed(learned)) return false
  if (merge) {
    for (const input of learned) writeInput(seedFolder(name), input)
    return true
  }
  while (runs === undefined ? performance.now() - started < milliseconds : fuzzer.runs < runs) {
    // oxlint-disable-next-line no-await-in-loop
    const found = await fuzzer.step()
    if (!passed(found)) return false
    if (runs === undefined) for (const input of found) writeInput(workFolder(name), input)
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const numbers = `${fuzzer.corpus.length} inputs reach ${fuzzer.reached} characters of sources`
  console.log(`${name}: ${fuzzer.runs} runs in ${seconds} s, seed ${seed}; ${numbers}`)
  return true
}

async function load(name: string): Promise<{ target: Target }> {
  return TARGETS[name]?.() ?? import(pathToFileURL(resolve(name)).href)
}

/** Whether a script is a source of the checkout, apart from the fuzzer itself. */
function isMeasured(url: string): boolean {
  return url.startsWith(PACKAGES) && !url.includes('/node_modules/') && !url.startsWith(OWN)
}

/** Reports a failure with the file of its input and the command to replay it. */
function isPassed(
  name: string,
  { crashes, replay }: Task,
  result: Uint8Array[] | Failure,
): result is Uint8Array[] {
  if (!('error' in result)) return true
  const { input, error } = result
  const file = replay ?? writeInput(crashes, input)
  console.error(`${name} fails: ${error instanceof Error ? error.stack : String(error)}`)
  console.error(`  input: ${file} (${input.length} bytes)`)
  console.error(`  again: pnpm fuzz ${name} --replay ${file}`)
  return false
}

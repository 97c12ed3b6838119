import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, seedFolder, workFolder } from './corpus.ts'
import type { Task } from './fuzz.ts'

const require = createRequire(import.meta.url)

const NATIVE = join(ROOT, 'packages', 'udp-batch', 'native')
const HARNESS = join(ROOT, 'packages', 'udp-batch', 'test', 'fuzz')
const PREFIX = 'native-'

/** Targets in C for libFuzzer: files of these names in `packages/udp-batch/test/fuzz`. */
export const NATIVE_TARGETS: readonly string[] = [`${PREFIX}calls`, `${PREFIX}endpoint`]

// The system calls that the fakes replace.
const SYSTEM_CALLS = [
  'socket',
  'bind',
  'setsockopt',
  'getsockopt',
  'getsockname',
  'close',
  'syscall',
  'if_nametoindex',
]

const COMPILE = [
  '-std=gnu11',
  '-O1',
  '-g',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fno-omit-frame-pointer',
]
const SANITIZE = ['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=undefined']
const LINK = SYSTEM_CALLS.map((name) => `-Wl,--wrap=${name}`)

const MAX_LENGTH = 600

/** Compiles a target in C and runs it with libFuzzer. Returns whether it passed. */
export async function fuzzNative(name: string, task: Task): Promise<boolean> {
  const program = compile(name)
  if (task.replay !== undefined) return run(program, [task.replay])
  const seeds = seedFolder(name)
  const work = task.runs === undefined ? workFolder(name) : mkdtempSync(join(tmpdir(), 'fuzz-'))
  for (const folder of [seeds, work, task.crashes]) mkdirSync(folder, { recursive: true })
  // Merge by coverage, not by hit counts, to keep the seeds few.
  if (task.merge) return run(program, ['-set_cover_merge=1', '-use_counters=0', seeds, work])
  const limit =
    task.runs === undefined
      ? `-max_total_time=${Math.ceil(task.milliseconds / 1000)}`
      : `-runs=${task.runs}`
  const patience = `-timeout=${Math.ceil(task.patience / 1000)}`
  try {
    // libFuzzer stores its finds in the first folder.
    return run(program, [
      limit,
      patience,
      `-seed=${task.seed}`,
      `-max_len=${MAX_LENGTH}`,
      `-artifact_prefix=${task.crashes}/`,
      work,
      seeds,
    ])
  } finally {
    if (task.runs !== undefined) rmSync(work, { recursive: true })
  }
}

/** @throws if clang, libFuzzer or the sanitizers are missing, or the compilation fails. */
function compile(name: string): string {
  const { include_dir: headers } = require('node-api-headers') as { include_dir: string }
  const sources = readdirSync(NATIVE).filter((file) => file.endsWith('.c'))
  const harness = ['input.c', 'fake-napi.c', 'fake-system.c', `${name.slice(PREFIX.length)}.c`]
  const folder = join(ROOT, '.cache', 'fuzz', 'bin')
  const program = join(folder, name)
  mkdirSync(folder, { recursive: true })
  const files = [
    ...sources.map((file) => join(NATIVE, file)),
    ...harness.map((file) => join(HARNESS, file)),
  ]
  const args = [...COMPILE, ...SANITIZE, ...LINK, `-I${headers}`, '-o', program, ...files]
  const { error, status, stderr } = spawnSync('clang', args, { encoding: 'utf8' })
  if (error || status !== 0)
    throw new Error(`clang failed to compile ${name}: ${error?.message ?? stderr}`)
  return program
}

/** Runs a target. Prints only the last line of libFuzzer's report, unless the target fails. */
function run(program: string, args: readonly string[]): boolean {
  const { status, stderr } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const lines = stderr.trimEnd().split('\n')
  const name = program.slice(program.lastIndexOf('/') + 1)
  if (status === 0) {
    console.log(`${name}: ${lines.at(-1)}`)
    return true
  }
  console.error(`${name} fails:\n${lines.filter((line) => !/^#\d/.test(line)).join('\n')}`)
  console.error(`  again: pnpm fuzz ${name} --replay FILE, with the file named above`)
  return false
}

import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * What npm cannot put into `node_modules`, and what one run leaves for the next. Ignored by git.
 */
export const cache = join(root, '.cache')

/** Where `install.mjs` puts pnpm. */
export const pnpmFolder = join(cache, 'pnpm')

/** The environment of every command: the project's own programs come first. */
export function environment() {
  const programs = [join(root, 'node_modules', '.bin'), join(pnpmFolder, 'node_modules', '.bin')]
  return {
    ...process.env,
    PATH: [...programs, process.env.PATH].join(delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
  }
}

/**
 * The Node that the tracker and its tests run on: the one npm installed for this project, where
 * that worked. `CHIHAYA_NODE=system` keeps to the Node at hand, so that CI can test several.
 */
export function projectNode() {
  const installed = join(root, 'node_modules', 'node', 'bin', 'node')
  const usable =
    process.env.CHIHAYA_NODE !== 'system' &&
    existsSync(installed) &&
    succeeds(installed, ['--version'])
  return usable ? installed : process.execPath
}

/** Whether a command exists and exits with 0. */
export function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/**
 * Runs a command on this terminal and returns its exit code, 128 when a signal ended it. It ends
 * when we are told to.
 */
export async function show(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: environment(),
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => child.kill('SIGKILL'))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 128))
  })
}

/**
 * Runs a command quietly. Its output comes back with its exit code, for whoever wants to show it.
 */
export async function capture(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 127, output: String(error) }))
    child.on('close', (code) => resolve({ code: code ?? 128, output }))
  })
}

/**
 * Runs a command quietly, naming it beforehand. When it fails, shows its output and ends this
 * process.
 */
export async function step(name, command, args, options) {
  process.stdout.write(`${name} …`)
  const started = Date.now()
  const { code, output } = await capture(command, args, options)
  process.stdout.write(code === 0 ? ` ${seconds(started)}\n` : ` failed\n${output}\n`)
  if (code !== 0) process.exit(code)
}

/** Seconds since a moment, for people. */
export function seconds(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`
}

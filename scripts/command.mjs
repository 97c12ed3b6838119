import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** Tools that npm cannot put into `node_modules`, and state between runs. Ignored by git. */
export const cache = join(root, '.cache')

/** Where `install.mjs` puts pnpm. */
export const pnpmFolder = join(cache, 'pnpm')

/** The environment of every command. The project's own programs come first on the PATH. */
export function environment() {
  const programs = [join(root, 'node_modules', '.bin'), join(pnpmFolder, 'node_modules', '.bin')]
  return {
    ...process.env,
    PATH: [...programs, process.env.PATH].join(delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
  }
}

/**
 * The Node.js for the tracker and its tests: the project's own, or the current one if that is
 * missing. `CHIHAYA_NODE=system` selects the current one, so that CI can test several versions.
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
 * Runs a command on this terminal and returns its exit code, or 128 if a signal ended it. Signals
 * to this process end the command.
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

/** Runs a command quietly. Returns its exit code and output. */
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

/** Runs a command quietly under a name. If it fails, prints its output and ends this process. */
export async function step(name, command, args, options) {
  process.stdout.write(`${name} …`)
  const started = Date.now()
  const { code, output } = await capture(command, args, options)
  process.stdout.write(code === 0 ? ` ${seconds(started)}\n` : ` failed\n${output}\n`)
  if (code !== 0) process.exit(code)
}

/** The seconds since `started`, as text. */
export function seconds(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`
}

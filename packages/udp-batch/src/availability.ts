import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Native } from './native.ts'

const NAME = 'udp_batch.node'

let loaded: Native | string | undefined

/** Why there are no batches here, in words for a log; undefined when there are. Never throws. */
export function unavailable(): string | undefined {
  const found = load()
  return typeof found === 'string' ? found : undefined
}

/** @throws {Error} with the words of {@link unavailable}. */
export function native(): Native {
  const found = load()
  if (typeof found === 'string') throw new Error(`UDP batches are unavailable: ${found}`)
  return found
}

function load(): Native | string {
  loaded ??= find()
  return loaded
}

function find(): Native | string {
  if (process.platform !== 'linux')
    return `recvmmsg and sendmmsg are Linux's, and this is ${process.platform}`
  // Other runtimes have parts of Node-API, and end the process when a part of libuv that they lack
  // is called.
  const other = ['bun', 'deno'].find((name) => process.versions[name] !== undefined)
  if (other !== undefined) return `they need Node.js, and this is ${other}`
  const target = `${process.platform}-${process.arch}`
  // What was compiled here is newer than what was published.
  const folders = ['build', 'prebuilds'].map((folder) =>
    fileURLToPath(new URL(`../${folder}/${target}/`, import.meta.url)),
  )
  const folder = folders.find((candidate) => existsSync(candidate + NAME))
  if (folder === undefined) return `there is no binary for ${target}${whyNotCompiled(folders)}`
  try {
    return createRequire(import.meta.url)(folder + NAME) as Native
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What the installation has left instead of a binary. */
function whyNotCompiled(folders: readonly string[]): string {
  const file = folders
    .map((folder) => `${folder}unavailable.txt`)
    .find((candidate) => existsSync(candidate))
  return file === undefined
    ? ', and none was compiled'
    : `, and none could be compiled: ${readFileSync(file, 'utf8').trim()}`
}

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Native } from './native.ts'

const NAME = 'udp_batch.node'

let loaded: Native | string | undefined

/** Why batching is unavailable, as a text for a log; undefined if it is available. Never throws. */
export function unavailable(): string | undefined {
  const found = load()
  return typeof found === 'string' ? found : undefined
}

/** @throws {Error} with the reason of {@link unavailable}. */
export function native(): Native {
  const found = load()
  if (typeof found === 'string') throw new Error(`UDP batching is unavailable: ${found}`)
  return found
}

function load(): Native | string {
  loaded ??= find()
  return loaded
}

function find(): Native | string {
  if (process.platform !== 'linux')
    return `recvmmsg and sendmmsg need Linux, and this is ${process.platform}`
  // Other runtimes implement parts of Node-API, but end the process when a missing function of
  // libuv is called.
  const other = ['bun', 'deno'].find((name) => process.versions[name] !== undefined)
  if (other !== undefined) return `it needs Node.js, and this is ${other}`
  const target = `${process.platform}-${process.arch}`
  // A binary compiled here is newer than a published one.
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

/** The reason that the installation left in place of a binary. */
function whyNotCompiled(folders: readonly string[]): string {
  const file = folders
    .map((folder) => `${folder}unavailable.txt`)
    .find((candidate) => existsSync(candidate))
  return file === undefined
    ? ', and none was compiled'
    : `, and none could be compiled: ${readFileSync(file, 'utf8').trim()}`
}

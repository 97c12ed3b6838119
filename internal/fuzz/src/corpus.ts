import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the checkout. */
export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url))

/** The folder of a target's seeds in the repository. */
export function seedFolder(target: string): string {
  return join(ROOT, 'internal', 'fuzz', 'corpus', target)
}

/** The folder where long runs store their finds, for the next run. Ignored by git. */
export function workFolder(target: string): string {
  return join(ROOT, '.cache', 'fuzz', target)
}

/** The folder for inputs that make a target fail. Ignored by git. */
export const CRASHES: string = join(ROOT, '.cache', 'fuzz', 'crashes')

/** The inputs in a folder, sorted by name. */
export function readInputs(folder: string): Uint8Array[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).sort()
  return names.map((name) => readFileSync(join(folder, name)))
}

/**
 * Writes an input into a folder, named by its digest. Returns the path relative to the working
 * folder.
 */
export function writeInput(folder: string, input: Uint8Array): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 16))
  writeFileSync(file, input)
  return relative(process.cwd(), file)
}

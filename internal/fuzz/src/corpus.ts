import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url))

/** Where a target's seeds are, which the repository keeps. */
export function seedFolder(target: string): string {
  return join(ROOT, 'internal', 'fuzz', 'corpus', target)
}

/** Where long runs put the inputs that they find and begin with the next time. Ignored by git. */
export function workFolder(target: string): string {
  return join(ROOT, '.cache', 'fuzz', target)
}

/** Where inputs go that make a target fail. Ignored by git. */
export const CRASHES: string = join(ROOT, '.cache', 'fuzz', 'crashes')

/** The inputs in a folder, in the order of their names. */
export function readInputs(folder: string): Uint8Array[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).sort()
  return names.map((name) => readFileSync(join(folder, name)))
}

/**
 * Writes an input into a folder under a name made of its content. Returns the file's path from the
 * working folder.
 */
export function writeInput(folder: string, input: Uint8Array): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 16))
  writeFileSync(file, input)
  return relative(process.cwd(), file)
}

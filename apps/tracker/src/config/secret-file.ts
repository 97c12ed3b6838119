import { resolve } from 'node:path'
import { readText, unreadable } from './read-text.ts'
import type { YamlKey } from './yaml-schema.ts'

/** A file that should hold a value and does not. The message names the file. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError'
}

/**
 * The text in a file without the line end that editors leave. A relative path starts from `folder`.
 * @throws {SecretFileError}
 */
export function readSecretFile(path: string, folder: string): string {
  let text: string
  try {
    text = readText(resolve(folder, path))
  } catch (error) {
    throw new SecretFileError(`cannot read ${path}: ${unreadable(error)}`, { cause: error })
  }
  const value = text.replace(/\r?\n$/, '')
  if (value === '') throw new SecretFileError(`${path} is empty`)
  return value
}

/** The key beside a secret that names a file with it. */
export function secretFileKey(name: string, option: string): YamlKey {
  const schema = {
    description: `A file that holds ${name}, read at the start and at each reload.`,
    type: 'string',
    minLength: 1,
  }
  return {
    option,
    schema,
    read(reader, place, path) {
      const file = reader.value(place, { schema }, path)
      if (typeof file !== 'string') return undefined
      try {
        return readSecretFile(file, reader.folder)
      } catch (error) {
        if (!(error instanceof SecretFileError)) throw error
        reader.problem(reader.node(place) ?? place.key, path, `${path}: ${error.message}`)
      }
    },
  }
}

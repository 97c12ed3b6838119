import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
}

/** The text of a file, without a byte order mark. @throws if it cannot be read or is not UTF-8. */
export function readText(path: string): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
}

/** Why a file could not be read, in an operator's words. */
export function unreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not text in UTF-8'
  return (code !== undefined && REASONS[code]) || message
}

/** A file that should hold a secret but does not. The message names the file. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError'
}

/**
 * The text of a file without the line end that editors add. A relative path starts from `folder`.
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

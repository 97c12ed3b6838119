import type { FileHandle } from 'node:fs/promises'
import { byteString } from '@chihaya/bittorrent'
import { readEntries } from '../../../../packages/core/src/lists/read-entries.ts'
import { check, type Target } from '../target.ts'

const NEVER = new AbortController().signal

/** The entries of a list match a plain parser, for any pieces in which the file arrives. */
export const target: Target = {
  maxLength: 1024,
  tokens: [
    '\n',
    '\r\n',
    ' ',
    '\t',
    '#',
    ' #',
    '\xef\xbb\xbf',
    '10.0.0.0/8',
    '::1',
    '2001:db8::/32',
    '192.0.2.7',
    '/',
    '\0',
  ],
  async run(input) {
    const [size = 0, ...content] = input
    const bytes = Buffer.from(content)
    const entries: string[] = []
    const take = (from: Uint8Array, start: number, end: number): void =>
      void entries.push(byteString(from, start, end))
    await readEntries(fileOf(bytes, size + 1), take, NEVER)
    check(
      entries.join('\n') === entriesOf(bytes.toString('latin1')).join('\n'),
      'readEntries returns other entries',
    )
  },
}

/** A fake file that is read in pieces of at most `size` bytes. */
function fileOf(bytes: Uint8Array, size: number): FileHandle {
  let at = 0
  const read = async (
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): Promise<{ bytesRead: number }> => {
    const piece = bytes.subarray(at, at + Math.min(length, size))
    buffer.set(piece, offset)
    at += piece.length
    return { bytesRead: piece.length }
  }
  return { read } as unknown as FileHandle
}

function entriesOf(text: string): string[] {
  const lines = text.replace(/^\xef\xbb\xbf/, '').split('\n')
  return lines
    .map((line) => line.replace(/(^|[ \t\r])#.*$/s, '').replace(/^[ \t\r]+|[ \t\r]+$/g, ''))
    .filter((line) => line !== '')
}

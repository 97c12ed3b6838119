import type { FileHandle } from 'node:fs/promises'

/** Bytes read at a time. Processing them takes well under a millisecond. */
const CHUNK = 65_536

const TAB = 9
const NEWLINE = 10
const RETURN = 13
const SPACE = 32
const HASH = 35
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/**
 * Takes the entry from `start` up to `end`, in a line up to `lineEnd`. The bytes are valid during
 * the call only.
 * @throws {RangeError} describing what is wrong.
 */
export type TakeEntry = (bytes: Uint8Array, start: number, end: number, lineEnd: number) => void

/** A wrong line in a list. */
export class EntryError extends Error {
  override readonly name = 'EntryError'
  /** Counted from 1. */
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

/**
 * Reads a list, one entry a line. It skips blanks around entries, empty lines, and comments, which
 * start with `#` at the beginning of a line or after a blank. It yields to other work between
 * chunks.
 * @throws {EntryError} for a line that `take` refuses, or that is longer than a chunk.
 */
export async function readEntries(
  handle: FileHandle,
  take: TakeEntry,
  signal: AbortSignal,
): Promise<void> {
  const buffer = new Uint8Array(CHUNK)
  let kept = 0
  let line = 1
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const { bytesRead } = await handle.read(buffer, kept, CHUNK - kept)
    signal.throwIfAborted()
    const filled = buffer.subarray(0, kept + bytesRead)
    let start = 0
    for (let end = filled.indexOf(NEWLINE, start); end >= 0; end = filled.indexOf(NEWLINE, start)) {
      takeLine(filled, start, end, take, line++)
      start = end + 1
    }
    if (bytesRead === 0) {
      takeLine(filled, start, filled.length, take, line)
      return
    }
    if (filled.length - start === CHUNK) throw new EntryError(line, 'the line is too long')
    buffer.copyWithin(0, start, filled.length)
    kept = filled.length - start
  }
}

function takeLine(
  bytes: Uint8Array,
  from: number,
  to: number,
  take: TakeEntry,
  line: number,
): void {
  let start =
    line === 1 && BYTE_ORDER_MARK.every((byte, at) => bytes[from + at] === byte) ? from + 3 : from
  while (start < to && isBlank(bytes[start])) start++
  let lineEnd = to
  while (lineEnd > start && isBlank(bytes[lineEnd - 1])) lineEnd--
  let end = start
  while (end < lineEnd && !(bytes[end] === HASH && (end === start || isBlank(bytes[end - 1]))))
    end++
  while (end > start && isBlank(bytes[end - 1])) end--
  if (start === end) return
  try {
    take(bytes, start, end, lineEnd)
  } catch (error) {
    throw error instanceof RangeError ? new EntryError(line, error.message) : error
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN
}

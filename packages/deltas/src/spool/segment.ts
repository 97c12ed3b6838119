import { open, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeFrame, frameLength, type Frame } from './frame.ts'

// The head of a segment: magic number with the version of the format, and the source of all records.
const MAGIC: Buffer = Buffer.from('CHDELTA1', 'latin1')
export const SOURCE_LENGTH = 16
export const SEGMENT_HEAD: number = MAGIC.length + SOURCE_LENGTH

const NAME = /^deltas-([0-9a-f]{16})\.log$/

/** The name of the segment that begins with a record. */
export function segmentName(first: number): string {
  return `deltas-${first.toString(16).padStart(16, '0')}.log`
}

/** The number of a segment's first record, or undefined for other files. */
export function firstOfSegment(name: string): number | undefined {
  const match = NAME.exec(name)
  return match ? Number.parseInt(match[1] as string, 16) : undefined
}

/** What a segment holds. */
export interface SegmentContent {
  /** 16 bytes; undefined when the head is not that of a segment. */
  readonly source: Buffer | undefined
  readonly frames: readonly Frame[]
  /** Bytes up to the end of the last whole frame. */
  readonly sound: number
  /** Bytes of the file. */
  readonly length: number
}

/** Reads a segment as far as it is sound. */
export async function readSegment(folder: string, name: string): Promise<SegmentContent> {
  const bytes = await readFile(join(folder, name))
  if (bytes.length < SEGMENT_HEAD || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    return { source: undefined, frames: [], sound: 0, length: bytes.length }
  }
  const frames: Frame[] = []
  let at = SEGMENT_HEAD
  for (;;) {
    const frame = decodeFrame(bytes, at)
    if (!frame) break
    frames.push(frame)
    at += frameLength(frame)
  }
  const source = bytes.subarray(MAGIC.length, SEGMENT_HEAD)
  return { source, frames, sound: at, length: bytes.length }
}

/** Makes an empty segment that is on disk, its name included. */
export async function createSegment(folder: string, name: string, source: Buffer): Promise<void> {
  const file = await open(join(folder, name), 'wx', 0o600)
  try {
    await file.writeFile(Buffer.concat([MAGIC, source]))
    await file.sync()
  } finally {
    await file.close()
  }
  const directory = await open(folder, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Cuts what follows the last whole frame: a write that the process did not live to finish. */
export async function cutSegment(folder: string, name: string, sound: number): Promise<void> {
  await truncate(join(folder, name), sound)
}

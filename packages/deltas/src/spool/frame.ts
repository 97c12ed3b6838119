import { crc32 } from 'node:zlib'

// A frame in a segment: what follows the checksum is what it is taken of.
//
//     length of the body 4 | CRC-32 4 | first seq 8 | count 4 | body …
const CRC = 4
const FIRST = 8
const COUNT = 16
/** Bytes before the body. */
const FRAME_HEAD = 20

/** Records one after the other, as they are written together. */
export interface Frame {
  /** The number of the first record. */
  readonly first: number
  /** How many records there are. */
  readonly count: number
  /** The encoded records. */
  readonly body: Buffer
}

/** The bytes of a frame. */
export function encodeFrame({ first, count, body }: Frame): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD + body.length)
  bytes.writeUInt32LE(body.length, 0)
  bytes.writeBigUInt64LE(BigInt(first), FIRST)
  bytes.writeUInt32LE(count, COUNT)
  body.copy(bytes, FRAME_HEAD)
  bytes.writeUInt32LE(crc32(bytes.subarray(FIRST)), CRC)
  return bytes
}

/** The frame at `at`, whose body shares the memory; undefined when none is whole there. */
export function decodeFrame(bytes: Buffer, at: number): Frame | undefined {
  if (at + FRAME_HEAD > bytes.length) return undefined
  const end = at + FRAME_HEAD + bytes.readUInt32LE(at)
  if (end > bytes.length) return undefined
  if (crc32(bytes.subarray(at + FIRST, end)) !== bytes.readUInt32LE(at + CRC)) return undefined
  return {
    first: Number(bytes.readBigUInt64LE(at + FIRST)),
    count: bytes.readUInt32LE(at + COUNT),
    body: bytes.subarray(at + FRAME_HEAD, end),
  }
}

/** Bytes of a frame with its head. */
export function frameLength({ body }: Frame): number {
  return FRAME_HEAD + body.length
}

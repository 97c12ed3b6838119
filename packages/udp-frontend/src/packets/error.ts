import type { PacketBuffer } from './packet-buffer.ts'
import { ERROR, REPLY_HEADER_LENGTH, writeReplyHeader } from './header.ts'

const MAX_MESSAGE = 80

/** Bytes of the longest error reply. */
export const MAX_ERROR_LENGTH: number = REPLY_HEADER_LENGTH + MAX_MESSAGE

/**
 * Writes an error reply (BEP 15): at most 80 bytes of text, without a terminator. Returns its
 * length.
 */
export function writeError(
  message: string,
  transaction: number,
  output: PacketBuffer,
  at: number,
): number {
  writeReplyHeader(ERROR, transaction, output.view, at)
  return (
    REPLY_HEADER_LENGTH + output.bytes.write(message, at + REPLY_HEADER_LENGTH, MAX_MESSAGE, 'utf8')
  )
}

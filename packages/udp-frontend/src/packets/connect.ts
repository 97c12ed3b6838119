import { CONNECT, REPLY_HEADER_LENGTH, writeReplyHeader } from './header.ts'

/**
 * The first half of the protocol id, 0x0000041727101980, which a connect request (BEP 15) has in
 * place of a connection id.
 */
export const MAGIC_HIGH = 0x417
const MAGIC_LOW = 0x27101980

/** Transmission and aria2 reject a connect reply of any other length. */
export const CONNECT_REPLY_LENGTH = 16

/** Whether a datagram of action 0 is a connect request. */
export function isConnect(input: DataView, start: number): boolean {
  return input.getInt32(start) === MAGIC_HIGH && input.getInt32(start + 4) === MAGIC_LOW
}

/** Writes a connect reply without its connection id. Returns the position of the id. */
export function writeConnect(transaction: number, output: DataView, at: number): number {
  writeReplyHeader(CONNECT, transaction, output, at)
  return at + REPLY_HEADER_LENGTH
}

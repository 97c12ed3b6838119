import { addressScope, type Address, type AddressFamily } from '@chihaya/bittorrent'

/**
 * A peer's *entry*: its address, then port and mark, in 32-bit words: 2 for IPv4, 5 for IPv6.
 * Address and port are in network byte order on any machine, so that they are sent as they are.
 *
 *     | address 4 or 16 bytes | port 2 | mark 2 |
 *
 * The *mark* says when the peer was last seen, in ticks modulo 2^13, and holds three flags.
 */

/** Whether the first byte of a word is its lowest. */
export const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** Shifts of the two 16-bit halves of a word, in memory order. */
export const FIRST_HALF: number = LITTLE_ENDIAN ? 0 : 16
export const SECOND_HALF: number = 16 - FIRST_HALF
export const PORT_MASK: number = (0xffff << FIRST_HALF) >>> 0

/** Mark bits: ticks above, flags below. */
export const PARTIAL = 1
/** The client is counted at its endpoint of the other family. */
export const ALIAS = 2
/** The peer's download has been counted. */
export const COUNTED = 4
export const TICK_SHIFT = 3
export const TICKS: number = 1 << 13

/** Ports below this one cannot be dialled: clients that do not listen send 0 or 1. */
export const FIRST_DIALLABLE_PORT = 2

/** Writes a WebRTC peer's handle as an IPv4 address, with no port and no mark. */
export function writeHandle(u32: Uint32Array, handle: number): void {
  u32[0] = word(handle >>> 24, (handle >>> 16) & 0xff, (handle >>> 8) & 0xff, handle & 0xff)
  u32[1] = 0
}

/** 32-bit words of an entry of a family. */
export function entryU32(family: AddressFamily): number {
  return family === 'ipv4' ? 2 : 5
}

/** A word with four bytes in memory order. */
export function word(first: number, second: number, third: number, fourth: number): number {
  return (
    (LITTLE_ENDIAN
      ? first | (second << 8) | (third << 16) | (fourth << 24)
      : (first << 24) | (second << 16) | (third << 8) | fourth) >>> 0
  )
}

/** The first (0) or second (1) half of a word, in memory order. */
export function halfOf(long: number, half: number): number {
  return (long >>> (half === 0 ? FIRST_HALF : SECOND_HALF)) & 0xffff
}

/** Writes address and port to the front of `u32`, with no mark. */
export function writeEndpoint(u32: Uint32Array, address: Address, port: number): void {
  const length = address.length
  for (let at = 0; at < length; at += 4) {
    u32[at >> 2] = word(address[at]!, address[at + 1]!, address[at + 2]!, address[at + 3]!)
  }
  u32[length >> 2] = word(port >> 8, port & 0xff, 0, 0)
}

export function readMark(u32: Uint32Array, last: number): number {
  return (u32[last]! >>> SECOND_HALF) & 0xffff
}

/** Sets the mark in an entry's last word. */
export function writeMark(u32: Uint32Array, last: number, mark: number): void {
  u32[last] = (u32[last]! & PORT_MASK) | (mark << SECOND_HALF)
}

/** The port of an entry whose last word is `last`. */
export function portOf(last: number): number {
  const half = (last >>> FIRST_HALF) & 0xffff
  return LITTLE_ENDIAN ? ((half & 0xff) << 8) | (half >>> 8) : half
}

const scratch = new Uint32Array(4)
const scratchBytes = new Uint8Array(scratch.buffer)

/** Whether the address of the entry at `u32[at]` is public. */
export function isPublicEntry(u32: Uint32Array, at: number, length: number): boolean {
  for (let index = 0; index < length - 1; index++) scratch[index] = u32[at + index]!
  return addressScope(scratchBytes, 0, (length - 1) * 4) === 'public'
}

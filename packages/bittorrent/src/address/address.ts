import { hexDigit } from '../codec/byte-string.ts'

/** 4 or 16 bytes in network order. IPv4 is never in its mapped IPv6 form; see `unmap`. */
export type Address = Uint8Array

export type AddressFamily = 'ipv4' | 'ipv6'

const MAX_TEXT = 45
const DOT = 46
const COLON = 58

/** The family of an address, by its length. */
export function addressFamily(address: Address): AddressFamily {
  return address.length === 4 ? 'ipv4' : 'ipv6'
}

/**
 * Reads an IP literal: dotted IPv4 without leading zeros, or IPv6 (RFC 4291) without brackets and
 * zone. `::ffff:a.b.c.d` becomes IPv4. Undefined for anything else; host names are never
 * resolved.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length > MAX_TEXT) return undefined
  if (!text.includes(':')) return parseIpv4(text)
  const address = parseIpv6(text)
  return address && unmap(address)
}

/**
 * Reads the text of a socket's remote address: an IP literal, without its zone (`fe80::1%eth0`).
 * Undefined for other text.
 */
export function parseSource(text: string): Address | undefined {
  const zone = text.indexOf('%')
  return parseAddress(zone < 0 ? text : text.slice(0, zone))
}

/** The IPv4 address inside a mapped IPv6 one (`::ffff:0:0/96`); other addresses unchanged. */
export function unmap(address: Address): Address {
  return isMapped(address) ? address.subarray(12) : address
}

function isMapped(address: Address): boolean {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false
  for (let at = 0; at < 10; at++) if (address[at] !== 0) return false
  return true
}

function parseIpv4(text: string): Address | undefined {
  const address = new Uint8Array(4)
  return writeIpv4(text, 0, address, 0) ? address : undefined
}

/** Parses the rest of the text as an IPv4 literal into `target`. False if it is not one. */
function writeIpv4(text: string, start: number, target: Uint8Array, at: number): boolean {
  let octet = 0
  let digits = 0
  let octets = 0
  for (let index = start; index <= text.length; index++) {
    const code = index < text.length ? text.charCodeAt(index) : DOT
    if (code === DOT) {
      if (digits === 0 || octets === 4) return false
      target[at + octets++] = octet
      octet = digits = 0
    } else {
      const digit = code - 48
      // Some resolvers read a leading zero as octal, others as decimal, so it is refused.
      if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return false
      octet = octet * 10 + digit
      digits++
      if (octet > 255) return false
    }
  }
  return octets === 4
}

function parseIpv6(text: string): Address | undefined {
  const address = new Uint8Array(16)
  let at = 0
  /** Byte position of `::`. */
  let gap = -1
  let index = 0
  if (text.startsWith('::')) {
    gap = 0
    index = 2
  }
  while (index < text.length) {
    if (at === 16) return undefined
    const end = groupEnd(text, index)
    if (text.charCodeAt(end) === DOT) {
      if (at > 12 || !writeIpv4(text, index, address, at)) return undefined
      at += 4
      break
    }
    const group = parseGroup(text, index, end)
    if (group < 0) return undefined
    address[at++] = group >> 8
    address[at++] = group & 0xff
    if (end === text.length) break
    index = end + 1
    if (text.charCodeAt(index) === COLON) {
      if (gap >= 0) return undefined
      gap = at
      index++
    } else if (index === text.length) {
      return undefined
    }
  }
  if (gap < 0) return at === 16 ? address : undefined
  if (at === 16) return undefined
  const tail = 16 - (at - gap)
  address.copyWithin(tail, gap, at)
  address.fill(0, gap, tail)
  return address
}

function groupEnd(text: string, start: number): number {
  let end = start
  while (end < text.length && text.charCodeAt(end) !== COLON && text.charCodeAt(end) !== DOT) end++
  return end
}

function parseGroup(text: string, start: number, end: number): number {
  if (end === start || end - start > 4) return -1
  let group = 0
  for (let index = start; index < end; index++) {
    const digit = hexDigit(text.charCodeAt(index))
    if (digit < 0) return -1
    group = group * 16 + digit
  }
  return group
}

/**
 * The canonical text of an address (RFC 5952): lower-case, the longest run of zero groups as `::`,
 * no brackets.
 */
export function formatAddress(address: Address): string {
  if (address.length === 4) return address.join('.')
  const groups: number[] = []
  for (let at = 0; at < 16; at += 2)
    groups.push(((address[at] as number) << 8) | (address[at + 1] as number))
  const [start, length] = longestZeroRun(groups)
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':')
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  let start = 0
  for (let index = 0; index < groups.length; index++) {
    if (groups[index] !== 0) start = index + 1
    else if (index + 1 - start > best[1]) best = [start, index + 1 - start]
  }
  return best
}

import { parseAddress, unmap } from './address.ts'
import type { Endpoint } from './compact.ts'

/** A header of the PROXY protocol, version 1 or 2: what a proxy sends before the client's bytes. */
export interface ProxyHeader {
  /** Bytes of the header. The client's bytes follow. */
  readonly length: number
  /**
   * The client. Undefined if the proxy speaks for itself (LOCAL) or names no Internet address
   * (UNSPEC, UNKNOWN, UNIX).
   */
  readonly source: Endpoint | undefined
}

/**
 * Why no header was read: the bytes do not start with a signature (`none`), end before the header
 * does (`incomplete`), or violate the specification after the signature (`invalid`).
 */
export type NoProxyHeader = 'none' | 'incomplete' | 'invalid'

const SIGNATURE_V1 = Uint8Array.from('PROXY ', (unit) => unit.charCodeAt(0))
const SIGNATURE_V2 = Uint8Array.from('\r\n\r\n\0\r\nQUIT\n', (unit) => unit.charCodeAt(0))

const CR = 0x0d
const LF = 0x0a
/** Longest line of version 1 in bytes, including CR LF. */
const MAX_LINE = 107
const MAX_PORT = 65_535

/**
 * Bytes of a version 2 header before the addresses: signature, version and command, family and
 * transport, length.
 */
const PREFIX_LENGTH = 16
const VERSION_2 = 0x20
const LOCAL = 0
const PROXY = 1

/** Bytes of the two endpoints by address family and transport. */
const ADDRESSES_LENGTH: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x12, 12],
  [0x21, 36],
  [0x22, 36],
  [0x31, 216],
  [0x32, 216],
])

/** Parses a header of either version between `start` and `end`. */
export function parseProxyHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
): ProxyHeader | NoProxyHeader {
  return bytes[start] === SIGNATURE_V1[0] && start < end
    ? parseProxyLine(bytes, start, end)
    : parseProxyHeaderV2(bytes, start, end)
}

/**
 * Parses a header of version 2 between `start` and `end`, the only version for UDP. TLVs after the
 * addresses are skipped.
 */
export function parseProxyHeaderV2(
  bytes: Uint8Array,
  start: number,
  end: number,
): ProxyHeader | NoProxyHeader {
  const signature = matchSignature(SIGNATURE_V2, bytes, start, end)
  if (signature !== 'whole') return signature
  const available = end - start
  if (available < 13) return 'incomplete'
  const command = (bytes[start + 12] as number) ^ VERSION_2
  if (command !== LOCAL && command !== PROXY) return 'invalid'
  if (available < PREFIX_LENGTH) return 'incomplete'
  const family = bytes[start + 13] as number
  const rest = readPort(bytes, start + 14)
  // With LOCAL, the family is ignored.
  const least = command === LOCAL ? 0 : ADDRESSES_LENGTH.get(family)
  if (least === undefined || rest < least) return 'invalid'
  const length = PREFIX_LENGTH + rest
  if (available < length) return 'incomplete'
  return {
    length,
    source: command === LOCAL ? undefined : readSource(family >> 4, bytes, start + PREFIX_LENGTH),
  }
}

/** The first of two endpoints. Both addresses come before both ports. */
function readSource(family: number, bytes: Uint8Array, at: number): Endpoint | undefined {
  if (family !== 1 && family !== 2) return undefined
  const size = family === 1 ? 4 : 16
  const address = unmap(new Uint8Array(bytes.subarray(at, at + size)))
  return { address, port: readPort(bytes, at + 2 * size) }
}

function readPort(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

/** Parses `PROXY TCP4 source destination source-port destination-port` and CR LF (version 1). */
function parseProxyLine(
  bytes: Uint8Array,
  start: number,
  end: number,
): ProxyHeader | NoProxyHeader {
  const signature = matchSignature(SIGNATURE_V1, bytes, start, end)
  if (signature !== 'whole') return signature
  const limit = Math.min(end, start + MAX_LINE)
  let text = ''
  for (let at = start; at < limit; at++) {
    const byte = bytes[at] as number
    if (byte === CR) {
      if (at + 1 === limit) break
      return bytes[at + 1] === LF ? parseLine(text, at + 2 - start) : 'invalid'
    }
    text += String.fromCharCode(byte)
  }
  return limit === start + MAX_LINE ? 'invalid' : 'incomplete'
}

function parseLine(line: string, length: number): ProxyHeader | NoProxyHeader {
  const fields = line.split(' ')
  // The rest of an UNKNOWN line is ignored.
  if (fields[1] === 'UNKNOWN') return { length, source: undefined }
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = ''] = fields
  if (fields.length !== 6 || (family !== 'TCP4' && family !== 'TCP6')) return 'invalid'
  const address = parseFamilyAddress(source, family)
  const port = parsePort(sourcePort)
  const valid =
    address &&
    port >= 0 &&
    parseFamilyAddress(destination, family) &&
    parsePort(destinationPort) >= 0
  return valid ? { length, source: { address, port } } : 'invalid'
}

function parseFamilyAddress(text: string, family: 'TCP4' | 'TCP6'): Uint8Array | undefined {
  return text.includes(':') === (family === 'TCP6') ? parseAddress(text) : undefined
}

function parsePort(digits: string): number {
  const port = /^(0|[1-9]\d{0,4})$/.test(digits) ? Number(digits) : -1
  return port <= MAX_PORT ? port : -1
}

function matchSignature(
  signature: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): 'whole' | 'none' | 'incomplete' {
  const available = Math.min(signature.length, end - start)
  for (let index = 0; index < available; index++)
    if (bytes[start + index] !== signature[index]) return 'none'
  return available === signature.length ? 'whole' : 'incomplete'
}

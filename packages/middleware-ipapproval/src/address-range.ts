import {
  byteString,
  parseAddress,
  parseNetwork,
  type Address,
  type Network,
} from '@chihaya/bittorrent'

/** The addresses from `first` to `last`, inclusive, of one family and in order. */
export interface AddressRange {
  readonly first: Address
  readonly last: Address
}

/** Leading zeros in the numbers of a dotted address. */
const LEADING_ZEROS = /(?<![\d])0+(?=\d)/g
const MAX_QUOTED = 64

/**
 * Parses an address, a CIDR range, or two addresses with a hyphen between them.
 * @throws {RangeError} for any other text.
 */
export function parseEntry(text: string): AddressRange {
  const range = text.includes('-') ? parseHyphenated(text) : parseCidr(text)
  if (range === undefined) throw notAnEntry(text)
  return range
}

/** The error for an invalid entry. */
export function notAnEntry(text: string): RangeError {
  const shown = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text
  return new RangeError(`${JSON.stringify(shown)} is neither an address nor a range of addresses`)
}

/**
 * Parses two addresses with a hyphen between them. Undefined for any other text. The numbers of
 * IPv4 addresses are decimal and may have leading zeros, as in generated lists.
 * @throws {RangeError} if the addresses differ in family, or are in the wrong order.
 */
export function parseHyphenated(text: string): AddressRange | undefined {
  const hyphen = text.indexOf('-')
  if (hyphen < 0) return undefined
  const first = parseEnd(text.slice(0, hyphen))
  const last = first && parseEnd(text.slice(hyphen + 1))
  if (first === undefined || last === undefined) return undefined
  if (first.length !== last.length)
    throw new RangeError(`${JSON.stringify(text)} mixes IPv4 and IPv6`)
  if (compare(first, last) > 0)
    throw new RangeError(`${JSON.stringify(text)} ends before it begins`)
  return { first, last }
}

function parseEnd(text: string): Address | undefined {
  const trimmed = text.trim()
  return parseAddress(trimmed.includes(':') ? trimmed : trimmed.replace(LEADING_ZEROS, ''))
}

/** Parses an address or a CIDR range. Undefined for any other text. */
export function parseCidr(text: string): AddressRange | undefined {
  let network: Network
  try {
    network = parseNetwork(text)
  } catch {
    return undefined
  }
  const { base, bits } = network
  const first = new Uint8Array(base)
  const last = new Uint8Array(base)
  for (let at = 0; at < base.length; at++) {
    const host = 0xff >> Math.min(Math.max(bits - at * 8, 0), 8)
    first[at] = (base[at] as number) & ~host
    last[at] = (base[at] as number) | host
  }
  return { first, last }
}

function compare(one: Address, other: Address): number {
  for (let at = 0; at < one.length; at++) {
    const difference = (one[at] as number) - (other[at] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/** The fewest networks that contain exactly the addresses of a range, in order. */
export function networksOf({ first, last }: AddressRange): Network[] {
  const width = first.length * 8
  const networks: Network[] = []
  const end = toBigInt(last)
  for (let start = toBigInt(first); start <= end;) {
    let hostBits = 0
    // The largest network that begins at `start` and ends within the range.
    while (
      hostBits < width &&
      ((start >> BigInt(hostBits)) & 1n) === 0n &&
      start + (2n << BigInt(hostBits)) - 1n <= end
    )
      hostBits++
    networks.push({ base: toAddress(start, first.length), bits: width - hostBits })
    start += 1n << BigInt(hostBits)
  }
  return networks
}

function toBigInt(address: Address): bigint {
  return BigInt(`0x${Buffer.from(byteString(address), 'latin1').toString('hex')}`)
}

function toAddress(number: bigint, length: number): Address {
  return new Uint8Array(Buffer.from(number.toString(16).padStart(length * 2, '0'), 'hex'))
}

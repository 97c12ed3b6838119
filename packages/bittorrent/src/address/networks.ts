import { parseAddress, type Address } from './address.ts'

/** The addresses of one family that share a prefix. */
export interface Network {
  readonly base: Address
  /** Length of the prefix in bits. */
  readonly bits: number
}

/** Loopback and private addresses: the sources that are trusted by default. */
export const LOCAL_NETWORKS: readonly string[] = [
  '127.0.0.0/8',
  '::1',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
]

/** A set of addresses (`192.0.2.7`) and CIDR ranges (`2001:db8::/32`). */
export class Networks {
  readonly #ranges: readonly Network[]

  /** @throws {RangeError} naming an invalid text. */
  constructor(texts: readonly string[]) {
    this.#ranges = texts.map(parseNetwork)
  }

  /** Whether the set contains an address, which must be unmapped. */
  has(address: Address): boolean {
    for (let index = 0; index < this.#ranges.length; index++)
      if (covers(this.#ranges[index] as Network, address)) return true
    return false
  }
}

/**
 * Parses an address or a CIDR range. Bits after the prefix are ignored.
 * @throws {RangeError} for any other text.
 */
export function parseNetwork(text: string): Network {
  const slash = text.indexOf('/')
  const literal = slash < 0 ? text : text.slice(0, slash)
  const base = parseAddress(literal)
  if (base) {
    // A mapped address is parsed as IPv4, so its prefix is 96 bits shorter.
    const mapping = base.length === 4 && literal.includes(':') ? 96 : 0
    const bits = slash < 0 ? base.length * 8 : prefixLength(text.slice(slash + 1)) - mapping
    if (bits >= 0 && bits <= base.length * 8) return { base, bits }
  }
  throw new RangeError(`${JSON.stringify(text)} is neither an address nor a CIDR range`)
}

function prefixLength(digits: string): number {
  return /^(0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : Number.NaN
}

function covers(range: Network, address: Address): boolean {
  const { base, bits } = range
  if (base.length !== address.length) return false
  const whole = bits >> 3
  for (let at = 0; at < whole; at++) if (base[at] !== address[at]) return false
  const rest = bits & 7
  return rest === 0 || ((base[whole] as number) ^ (address[whole] as number)) >> (8 - rest) === 0
}

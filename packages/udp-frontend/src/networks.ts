import { parseAddress, type Address } from '@chihaya/bittorrent'

interface Range {
  readonly base: Address
  /** Leading bits of `base` that an address must share. */
  readonly bits: number
}

/** A set of addresses, written as single ones (`192.0.2.7`) and CIDR ranges (`2001:db8::/32`). */
export class Networks {
  readonly #ranges: readonly Range[]

  /** @throws {RangeError} for a text that is neither. */
  constructor(texts: readonly string[]) {
    this.#ranges = texts.map(parseRange)
  }

  has(address: Address): boolean {
    return this.#ranges.some((range) => covers(range, address))
  }
}

function parseRange(text: string): Range {
  const slash = text.indexOf('/')
  const base = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (base) {
    const bits = slash < 0 ? base.length * 8 : prefixLength(text.slice(slash + 1))
    if (bits <= base.length * 8) return { base, bits }
  }
  throw new RangeError(`${JSON.stringify(text)} is neither an address nor a CIDR range`)
}

function prefixLength(digits: string): number {
  return /^(0|[1-9]\d{0,2})$/.test(digits) ? Number(digits) : Number.NaN
}

function covers({ base, bits }: Range, address: Address): boolean {
  if (base.length !== address.length) return false
  const whole = bits >> 3
  for (let at = 0; at < whole; at++) if (base[at] !== address[at]) return false
  const rest = bits & 7
  return rest === 0 || ((base[whole] as number) ^ (address[whole] as number)) >> (8 - rest) === 0
}

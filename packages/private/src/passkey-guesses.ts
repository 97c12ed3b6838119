import { byteString, type Address } from '@chihaya/bittorrent'

const MAX_ADDRESSES = 65_536
/** Bytes of an IPv6 address that one host can vary the rest of. */
const IPV6_PREFIX = 8

interface Guesses {
  count: number
  /** Seconds since 1970 at which counting began, or the ban did. */
  since: number
}

/**
 * Notices addresses that try one passkey after the other. A passkey has more than a hundred bits, so
 * this is about load and logs; the answer does not tell a guess from a ban.
 */
export class PasskeyGuesses {
  readonly #limit: number
  readonly #seconds: number
  readonly #guesses = new Map<string, Guesses>()

  /** After `limit` wrong passkeys within `seconds`, an address is refused for `seconds`. */
  constructor(limit: number, seconds: number) {
    this.#limit = limit
    this.#seconds = seconds
  }

  /** Whether an address has guessed too often; `now` in seconds. */
  refuses(address: Address, now: number): boolean {
    if (this.#guesses.size === 0) return false
    const guesses = this.#guesses.get(hostOf(address))
    return guesses !== undefined && guesses.count >= this.#limit && this.#lasts(guesses, now)
  }

  /** Notes a passkey that nobody has. */
  note(address: Address, now: number): void {
    const host = hostOf(address)
    const guesses = this.#guesses.get(host)
    if (guesses && this.#lasts(guesses, now)) {
      guesses.count++
      if (guesses.count === this.#limit) guesses.since = now
      return
    }
    this.#guesses.delete(host)
    this.#guesses.set(host, { count: 1, since: now })
    if (this.#guesses.size <= MAX_ADDRESSES) return
    const [oldest] = this.#guesses.keys()
    if (oldest !== undefined) this.#guesses.delete(oldest)
  }

  #lasts({ since }: Guesses, now: number): boolean {
    return now - since < this.#seconds
  }
}

/** An IPv4 address, or the /64 of an IPv6 one. */
function hostOf(address: Address): string {
  return byteString(address, 0, address.length === 4 ? 4 : IPV6_PREFIX)
}

import { createHash, randomBytes } from 'node:crypto'
import type { Address } from '@chihaya/bittorrent'
import { parseDuration, type Duration } from '@chihaya/core'
import type { UdpFrontendOptions } from './options.ts'
import { MAGIC_HIGH } from './packets/connect.ts'
import { sipHash24, sipHashKey, type SipHashKey } from './siphash.ts'

const TIME_LENGTH = 4
const MAX_ADDRESS = 16
const SECRET_LENGTH = 16

/** Seconds. */
const NEVER = Number.POSITIVE_INFINITY

/**
 * 128 bits out of a configured key of any length, or out of the system's generator when there is
 * none.
 */
export function connectionSecret(privateKey: string | undefined): Uint8Array {
  if (!privateKey) return randomBytes(SECRET_LENGTH)
  return createHash('sha256').update(privateKey, 'utf8').digest().subarray(0, SECRET_LENGTH)
}

/** The connection ids that the options ask for. `now` in seconds since 1970. */
export function connectionIds(options: Required<UdpFrontendOptions>, now: number): ConnectionIds {
  const { privateKey } = options
  const [first, ...others] = typeof privateKey === 'object' ? privateKey : [privateKey]
  const lifetime = seconds(options.connectionIdLifetime)
  // Changed more often than that, ids would be tried with ever more keys.
  const rotation = Math.max(seconds(options.keyRotation), lifetime)
  return new ConnectionIds(
    {
      secrets: [connectionSecret(first), ...others.map(connectionSecret)],
      lifetime,
      skew: seconds(options.maxClockSkew),
      ...(!first && { rotation: parseDuration(options.keyRotation) === 0 ? NEVER : rotation }),
    },
    now,
  )
}

function seconds(duration: Duration): number {
  return Math.ceil(parseDuration(duration) / 1000)
}

export interface ConnectionIdOptions {
  /**
   * 16 bytes each: the first issues ids, all are accepted. Processes that share them accept each
   * other's.
   */
  readonly secrets: readonly [Uint8Array, ...Uint8Array[]]
  /** Seconds for which an id is accepted. */
  readonly lifetime: number
  /**
   * Seconds by which an id may be dated ahead, for processes that share a secret but not a clock.
   */
  readonly skew: number
  /**
   * Seconds after which the system's generator makes another secret to issue ids with, if it made
   * the first.
   */
  readonly rotation?: number
}

/** A secret that ids are accepted of. */
interface AcceptedKey {
  readonly key: SipHashKey
  /** Seconds since 1970 at which its last id is too old. */
  readonly until: number
}

/**
 * Connection ids (BEP 15): proof that a client receives what is sent to its source address.
 *
 *     id = T(4) || SipHash-2-4(secret, T || address)[0..4]      T: seconds since 1970 of the issue, big-endian
 *
 * The threat is a client that writes another's address into its datagrams, to put that address into
 * swarms or to have a long reply sent to it. It cannot see the connect reply, so it has to know the
 * secret or to guess 32 bits anew for every address and second; a guess is a datagram, and there is
 * no other way to test one. What an id proves lasts for its lifetime, and passes to whoever takes
 * over the address meanwhile. The port is left out: a NAT changes it at any time. Nothing is
 * remembered about clients, so connects cost no memory.
 */
export class ConnectionIds {
  readonly #lifetime: number
  readonly #skew: number
  /** Seconds; undefined where the secret is not ours to change. */
  readonly #rotation: number | undefined
  #key: SipHashKey
  #others: readonly AcceptedKey[]
  /** Seconds since 1970. */
  #rotateAt = NEVER
  readonly #message = new Uint8Array(TIME_LENGTH + MAX_ADDRESS)
  readonly #digest = new Int32Array(2)

  /** `now` in seconds. */
  constructor(options: ConnectionIdOptions, now: number) {
    const [first, ...others] = options.secrets
    this.#key = sipHashKey(first)
    this.#others = others.map((secret) => ({ key: sipHashKey(secret), until: NEVER }))
    this.#lifetime = options.lifetime
    this.#skew = options.skew
    this.#rotation = options.rotation
    if (options.rotation !== undefined) this.#rotateAt = now + options.rotation
  }

  /**
   * Takes the place of another: ids that it accepts are accepted here as well, until they are too
   * old by the rules here. A secret that was made by chance goes on where there would be another
   * such one. `now` in seconds.
   */
  takeOver(former: ConnectionIds, now: number): void {
    if (this.#rotation !== undefined && former.#rotation !== undefined) {
      this.#key = former.#key
      this.#rotateAt = Math.min(former.#rotateAt, now + this.#rotation)
    }
    const until = this.#lastUse(now)
    this.#accept(
      [
        { key: former.#key, until },
        ...former.#others.map((other) => ({ ...other, until: Math.min(other.until, until) })),
      ],
      now,
    )
  }

  /**
   * Writes the id of `address` at `at`, eight bytes. `now` in seconds. Never zero, never the
   * protocol's magic number.
   */
  write(address: Address, now: number, target: DataView, at: number): void {
    if (now >= this.#rotateAt) this.#rotate(now)
    // rTorrent takes 0 for an error, and the magic would make the next request a connect. Both are
    // ruled out by their time.
    const time = (now | 0) === 0 || (now | 0) === MAGIC_HIGH ? (now - 1) | 0 : now | 0
    target.setInt32(at, time)
    this.#writeMessage(time, address)
    target.setInt32(at + TIME_LENGTH, this.#mac(this.#key, address), true)
  }

  /**
   * Whether the eight bytes at `at` are an id of `address` that is neither too old nor dated ahead.
   * `now` in seconds.
   */
  verify(input: DataView, at: number, address: Address, now: number): boolean {
    const time = input.getInt32(at)
    // Modulo 2³², so that 2106 is a year like any other.
    const age = (now - time) | 0
    if (age > this.#lifetime || age < -this.#skew) return false
    this.#writeMessage(time, address)
    const mac = input.getInt32(at + TIME_LENGTH, true)
    // One comparison of whole words: how long it takes does not depend on where they differ.
    if ((this.#mac(this.#key, address) ^ mac) === 0) return true
    for (const { key, until } of this.#others)
      if (now <= until && (this.#mac(key, address) ^ mac) === 0) return true
    return false
  }

  #rotate(now: number): void {
    const former = this.#key
    this.#key = sipHashKey(randomBytes(SECRET_LENGTH))
    this.#rotateAt = now + (this.#rotation ?? NEVER)
    this.#accept([{ key: former, until: this.#lastUse(now) }], now)
  }

  /** When an id that is issued now, somewhere, will be too old everywhere. */
  #lastUse(now: number): number {
    return now + this.#lifetime + this.#skew
  }

  /** Accepts further keys, and forgets those whose time is over. */
  #accept(keys: readonly AcceptedKey[], now: number): void {
    const others = this.#others.filter(({ until }) => now <= until)
    for (const added of keys) {
      if (now > added.until || isSameKey(added.key, this.#key)) continue
      if (!others.some(({ key }) => isSameKey(key, added.key))) others.push(added)
    }
    this.#others = others
  }

  #writeMessage(time: number, address: Address): void {
    const message = this.#message
    message[0] = time >> 24
    message[1] = time >> 16
    message[2] = time >> 8
    message[3] = time
    const { length } = address
    for (let index = 0; index < length; index++)
      message[TIME_LENGTH + index] = address[index] as number
  }

  /** The hash of the message that is written. */
  #mac(key: SipHashKey, address: Address): number {
    sipHash24(key, this.#message, 0, TIME_LENGTH + address.length, this.#digest)
    return this.#digest[0] as number
  }
}

function isSameKey(one: SipHashKey, other: SipHashKey): boolean {
  return one.every((word, index) => word === other[index])
}

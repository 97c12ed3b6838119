import { createHash, randomBytes } from 'node:crypto'
import type { Address } from '@chihaya/bittorrent'
import { parseDuration, type Duration } from '@chihaya/core'
import type { UdpFrontendOptions } from '../options.ts'
import { MAGIC_HIGH } from '../packets/connect.ts'
import { sipHash24, sipHashKey, type SipHashKey } from './siphash.ts'

const TIME_LENGTH = 4
const MAX_ADDRESS = 16
const SECRET_LENGTH = 16

/** Seconds. */
const NEVER = Number.POSITIVE_INFINITY

/** A 128-bit secret: derived from a configured key of any length, or random without one. */
export function connectionSecret(privateKey: string | undefined): Uint8Array {
  if (!privateKey) return randomBytes(SECRET_LENGTH)
  return createHash('sha256').update(privateKey, 'utf8').digest().subarray(0, SECRET_LENGTH)
}

/** The connection ids that the options configure. `now` in seconds since 1970. */
export function connectionIds(options: Required<UdpFrontendOptions>, now: number): ConnectionIds {
  const { privateKey } = options
  const [first, ...others] = typeof privateKey === 'object' ? privateKey : [privateKey]
  const lifetime = seconds(options.connectionIdLifetime)
  // A faster rotation would leave ever more keys to try for each id.
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
   * 16 bytes each. The first issues ids, and ids of all are accepted, also those issued by other
   * processes.
   */
  readonly secrets: readonly [Uint8Array, ...Uint8Array[]]
  /** Seconds that an id is accepted. */
  readonly lifetime: number
  /** Seconds by which an id may be from the future: the clocks of processes differ. */
  readonly skew: number
  /** Seconds between replacements of a random secret; undefined for a configured one. */
  readonly rotation?: number
}

/** The key of a secret whose ids are still accepted. */
interface AcceptedKey {
  readonly key: SipHashKey
  /** When its last id expires, in seconds since 1970. */
  readonly until: number
}

/**
 * Connection ids (BEP 15): proof that a client receives what is sent to its source address.
 *
 *     id = T(4) || SipHash-2-4(secret, T || address)[0..4]
 *     T: time of issue in seconds since 1970, big-endian
 *
 * The threat is a client that forges the source address of its datagrams, to add a victim to swarms
 * or to direct long replies at it. It does not see the connect reply, so it must know the secret or
 * guess 32 bits for each address and second, and a guess can only be tested by a datagram. The
 * proof holds for the lifetime of the id, and passes on with the address. The port is not covered,
 * as a NAT may change it at any time. Nothing is stored about clients, so connects cost no memory.
 */
export class ConnectionIds {
  readonly #lifetime: number
  readonly #skew: number
  /** Seconds; undefined for a configured secret. */
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
   * Accepts the ids of a previous instance, until they expire by this one's rules. A random secret
   * is kept if this instance has a random one too. `now` in seconds.
   */
  takeOver(previous: ConnectionIds, now: number): void {
    if (this.#rotation !== undefined && previous.#rotation !== undefined) {
      this.#key = previous.#key
      this.#rotateAt = Math.min(previous.#rotateAt, now + this.#rotation)
    }
    const until = this.#lastUse(now)
    this.#accept(
      [
        { key: previous.#key, until },
        ...previous.#others.map((other) => ({ ...other, until: Math.min(other.until, until) })),
      ],
      now,
    )
  }

  /**
   * Writes the eight bytes of an id for `address` at `at`. `now` in seconds. Never zero, and never
   * the protocol id of a connect request.
   */
  write(address: Address, now: number, target: DataView, at: number): void {
    if (now >= this.#rotateAt) this.#rotate(now)
    // rTorrent takes 0 for an error, and the protocol id would turn the next request into a
    // connect. Another time rules out both.
    const time = (now | 0) === 0 || (now | 0) === MAGIC_HIGH ? (now - 1) | 0 : now | 0
    target.setInt32(at, time)
    this.#writeMessage(time, address)
    target.setInt32(at + TIME_LENGTH, this.#mac(this.#key, address), true)
  }

  /**
   * Whether the eight bytes at `at` are an id of `address` that has not expired. `now` in seconds.
   */
  verify(input: DataView, at: number, address: Address, now: number): boolean {
    const time = input.getInt32(at)
    // Modulo 2³², which overflows in 2106.
    const age = (now - time) | 0
    if (age > this.#lifetime || age < -this.#skew) return false
    this.#writeMessage(time, address)
    const mac = input.getInt32(at + TIME_LENGTH, true)
    // Comparing whole words takes the same time wherever they differ.
    if ((this.#mac(this.#key, address) ^ mac) === 0) return true
    for (const { key, until } of this.#others)
      if (now <= until && (this.#mac(key, address) ^ mac) === 0) return true
    return false
  }

  #rotate(now: number): void {
    const previous = this.#key
    this.#key = sipHashKey(randomBytes(SECRET_LENGTH))
    this.#rotateAt = now + (this.#rotation ?? NEVER)
    this.#accept([{ key: previous, until: this.#lastUse(now) }], now)
  }

  /** When an id that any process issues now expires in all of them. */
  #lastUse(now: number): number {
    return now + this.#lifetime + this.#skew
  }

  /** Accepts more keys, and drops expired ones. */
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

  /** The first word of the hash of the message. */
  #mac(key: SipHashKey, address: Address): number {
    sipHash24(key, this.#message, 0, TIME_LENGTH + address.length, this.#digest)
    return this.#digest[0] as number
  }
}

function isSameKey(one: SipHashKey, other: SipHashKey): boolean {
  return one.every((word, index) => word === other[index])
}

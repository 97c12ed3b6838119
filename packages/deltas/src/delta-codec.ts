import { byteString, writeByteString, eventFromNumber, eventToNumber } from '@chihaya/bittorrent'
import {
  DELTA_FLAGS,
  DELTA_STATES,
  DELTA_TYPES,
  FREE_REASONS,
  type Bytes,
  type Delta,
  type ReportedCounters,
} from './delta.ts'

// A record in memory and in the spool: two words that say what is there, then the parts that are,
// all little-endian.
//
//     kind: type 3 bits, event 3, state 3, free 3, new 1, snatch 1, flags 8
//     parts: one bit for each part below that follows
const PEER = 1
const UP = 2
const DOWN = 4
const CREDIT_UP = 8
const CREDIT_DOWN = 16
const COUNTERS = 32
const TIMES = 64
const SPEEDS = 128
const SESSION = 256
const IPV4 = 512
const IPV6 = 1024
const AGENT = 2048
const SWARM = 4096
const MERGED = 8192
/** A credit is there where it differs from the raw bytes, in 16 bytes where it is beyond 2⁵³. */
const LARGE_UP = 16384
const LARGE_DOWN = 32768
const CORRUPT = 65536

const PEER_LENGTH = 20
const AGENT_LENGTH = 64
const UNKNOWN = -1
const HEAD = 20

/** Bytes of the longest record. */
export const MAX_RECORD_LENGTH: number =
  HEAD + PEER_LENGTH + 24 + 2 * 16 + 32 + 8 + 8 + 8 + 18 + 1 + AGENT_LENGTH + 8 + 4

/** Writes a record at `at`, where `MAX_RECORD_LENGTH` bytes are free. Returns where it ends. */
export function encodeDelta(delta: Delta, target: DataView, bytes: Uint8Array, at: number): number {
  let next = at + HEAD
  let parts = 0
  const { peer, counters, address, agent, swarm } = delta
  if (peer) {
    parts |= PEER
    bytes.set(peer, next)
    next += PEER_LENGTH
  }
  if (delta.up !== 0) {
    parts |= UP
    target.setFloat64(next, delta.up, true)
    next += 8
  }
  if (delta.down !== 0) {
    parts |= DOWN
    target.setFloat64(next, delta.down, true)
    next += 8
  }
  if (delta.corrupt !== 0) {
    parts |= CORRUPT
    target.setFloat64(next, delta.corrupt, true)
    next += 8
  }
  if (delta.creditUp !== delta.up) {
    parts |= typeof delta.creditUp === 'bigint' ? LARGE_UP : CREDIT_UP
    next = writeAmount(delta.creditUp, target, next)
  }
  if (delta.creditDown !== delta.down) {
    parts |= typeof delta.creditDown === 'bigint' ? LARGE_DOWN : CREDIT_DOWN
    next = writeAmount(delta.creditDown, target, next)
  }
  if (counters) {
    parts |= COUNTERS
    target.setFloat64(next, counters.uploaded, true)
    target.setFloat64(next + 8, counters.downloaded, true)
    target.setFloat64(next + 16, counters.corrupt, true)
    target.setFloat64(next + 24, counters.left ?? UNKNOWN, true)
    next += 32
  }
  if (delta.seedTime !== 0 || delta.leechTime !== 0) {
    parts |= TIMES
    next = writePair(delta.seedTime, delta.leechTime, target, next)
  }
  if (delta.upSpeed !== 0 || delta.downSpeed !== 0) {
    parts |= SPEEDS
    next = writePair(delta.upSpeed, delta.downSpeed, target, next)
  }
  if (delta.announces !== 0 || delta.since !== 0) {
    parts |= SESSION
    next = writePair(delta.announces, delta.since, target, next)
  }
  if (address) {
    parts |= address.length === 4 ? IPV4 : IPV6
    bytes.set(address, next)
    target.setUint16(next + address.length, delta.port, true)
    next += address.length + 2
  }
  if (agent !== '') {
    parts |= AGENT
    bytes[next] = agent.length
    writeByteString(agent, bytes, next + 1)
    next += 1 + agent.length
  }
  if (swarm) {
    parts |= SWARM
    next = writePair(swarm.seeders, swarm.leechers, target, next)
  }
  if (delta.merged > 1) {
    parts |= MERGED
    target.setUint32(next, delta.merged, true)
    next += 4
  }
  target.setUint32(at, kindOf(delta), true)
  target.setUint32(at + 4, parts, true)
  target.setUint32(at + 8, delta.at, true)
  target.setUint32(at + 12, delta.user, true)
  target.setUint32(at + 16, delta.torrent, true)
  return next
}

/** Reads records, one after the other, from memory that is known to hold them. */
export class DeltaReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = at
  }

  /** @throws {RangeError} when the memory ends within the record. */
  read(): Delta {
    const kind = this.#uint32()
    const parts = this.#uint32()
    const at = this.#uint32()
    const user = this.#uint32()
    const torrent = this.#uint32()
    const peer = parts & PEER ? this.#take(PEER_LENGTH) : undefined
    const up = parts & UP ? this.#float64() : 0
    const down = parts & DOWN ? this.#float64() : 0
    const corrupt = parts & CORRUPT ? this.#float64() : 0
    const creditUp = this.#amount(parts, CREDIT_UP, LARGE_UP, up)
    const creditDown = this.#amount(parts, CREDIT_DOWN, LARGE_DOWN, down)
    const counters = parts & COUNTERS ? this.#counters() : undefined
    const [seedTime, leechTime] = parts & TIMES ? this.#pair() : NOTHING
    const [upSpeed, downSpeed] = parts & SPEEDS ? this.#pair() : NOTHING
    const [announces, since] = parts & SESSION ? this.#pair() : NOTHING
    const address = parts & IPV4 ? this.#take(4) : parts & IPV6 ? this.#take(16) : undefined
    const port = address ? this.#uint16() : 0
    const agent = parts & AGENT ? byteString(this.#take(this.#byte())) : ''
    const [seeders, leechers] = parts & SWARM ? this.#pair() : NOTHING
    const merged = parts & MERGED ? this.#uint32() : 1
    return {
      ...readKind(kind),
      at,
      user,
      torrent,
      peer,
      up,
      down,
      corrupt,
      creditUp,
      creditDown,
      counters,
      seedTime,
      leechTime,
      upSpeed,
      downSpeed,
      announces,
      since,
      address,
      port,
      agent,
      swarm: parts & SWARM ? { seeders, leechers } : undefined,
      merged,
    }
  }

  #counters(): ReportedCounters {
    const [uploaded, downloaded] = [this.#float64(), this.#float64()]
    const [corrupt, left] = [this.#float64(), this.#float64()]
    return { uploaded, downloaded, corrupt, left: left === UNKNOWN ? undefined : left }
  }

  #amount(parts: number, small: number, large: number, otherwise: number): Bytes {
    if (parts & small) return this.#float64()
    if ((parts & large) === 0) return otherwise
    const low = this.#uint64()
    return (this.#uint64() << 64n) | low
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('the record is cut off')
    const taken = this.#bytes.slice(this.#at, end)
    this.#at = end
    return taken
  }

  #pair(): readonly [number, number] {
    return [this.#uint32(), this.#uint32()]
  }

  #byte(): number {
    return this.#view.getUint8(this.#at++)
  }

  #uint16(): number {
    this.#at += 2
    return this.#view.getUint16(this.#at - 2, true)
  }

  #uint32(): number {
    this.#at += 4
    return this.#view.getUint32(this.#at - 4, true)
  }

  #uint64(): bigint {
    this.#at += 8
    return this.#view.getBigUint64(this.#at - 8, true)
  }

  #float64(): number {
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8, true)
  }
}

const NOTHING = [0, 0] as const

type Kind = Pick<Delta, 'type' | 'event' | 'state' | 'free' | 'isNew' | 'snatch' | 'flags'>

function kindOf(delta: Delta): number {
  const { type, event, state, free, isNew, snatch } = delta
  let flags = 0
  for (const flag of delta.flags) flags |= 1 << DELTA_FLAGS.indexOf(flag)
  return (
    DELTA_TYPES.indexOf(type) |
    (eventToNumber(event) << 3) |
    (DELTA_STATES.indexOf(state) << 6) |
    ((free === undefined ? 0 : FREE_REASONS.indexOf(free) + 1) << 9) |
    (isNew ? 1 << 12 : 0) |
    (snatch ? 1 << 13 : 0) |
    (flags << 14)
  )
}

function readKind(kind: number): Kind {
  return {
    type: DELTA_TYPES[kind & 7] ?? 'announce',
    event: eventFromNumber((kind >>> 3) & 7) ?? 'none',
    state: DELTA_STATES[(kind >>> 6) & 7] ?? 'leeching',
    free: FREE_REASONS[((kind >>> 9) & 7) - 1],
    isNew: (kind & (1 << 12)) !== 0,
    snatch: (kind & (1 << 13)) !== 0,
    flags: DELTA_FLAGS.filter((_, bit) => (kind & (1 << (14 + bit))) !== 0),
  }
}

function writePair(one: number, other: number, target: DataView, at: number): number {
  target.setUint32(at, one, true)
  target.setUint32(at + 4, other, true)
  return at + 8
}

function writeAmount(amount: Bytes, target: DataView, at: number): number {
  if (typeof amount === 'number') {
    target.setFloat64(at, amount, true)
    return at + 8
  }
  target.setBigUint64(at, amount & 0xffff_ffff_ffff_ffffn, true)
  target.setBigUint64(at + 8, amount >> 64n, true)
  return at + 16
}

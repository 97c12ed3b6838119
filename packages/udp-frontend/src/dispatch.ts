import { randomBytes } from 'node:crypto'
import { addressFamily, INFO_HASH_LENGTH, isClientError, type Address, type AnnounceRequest } from '@chihaya/bittorrent'
import { isPromise, TRK_ERR_OPTIONS, type FlatAnnounce, type FlatAnnouncer, type FlatScrape, type Tracker } from '@chihaya/core'
import { badIdBan } from './bad-id-ban.ts'
import { ClaimedAddresses } from './claimed-address.ts'
import { connectionIds, type ConnectionIds } from './connection-id.ts'
import { ErrorLimit } from './error-limit.ts'
import type { UdpFrontendOptions } from './options.ts'
import {
  AnnounceFields,
  announceRequest,
  IDS_OFFSET,
  REPLY_PEERS_OFFSET,
  writeAnnounce,
  writeAnnounceHeader,
  type AnnounceRules,
} from './packets/announce.ts'
import { CONNECT_REPLY_LENGTH, isConnect, writeConnect } from './packets/connect.ts'
import { MAX_ERROR_LENGTH, writeError } from './packets/error.ts'
import {
  ACTION_OFFSET,
  ANNOUNCE,
  ANNOUNCE_IPV6,
  CONNECT,
  HEADER_LENGTH,
  REPLY_HEADER_LENGTH,
  SCRAPE,
  TRANSACTION_OFFSET,
} from './packets/header.ts'
import { BAD_CONNECTION_ID, INTERNAL_SERVER_ERROR, MALFORMED_PACKET, UNKNOWN_ACTION_ID } from './packets/refusals.ts'
import { countScrape, scrapeReplyLength, scrapeRequest, writeScrape, writeScrapeRows } from './packets/scrape.ts'
import { Slab } from './slab.ts'
import { isUnicast, type Source } from './source.ts'

/** BEP 15 lets a client ask for this many at once. */
const LEAST_SCRAPE_LIMIT = 74

/** An announce with all the URL that is read (2560 bytes) and a little more, in as many options as carry it. */
const MAX_REQUEST = 2944

/** What this frontend asks of a tracker. */
export type TrackerOfFrontend = Pick<Tracker, 'announce' | 'scrape'> & Partial<Pick<Tracker, 'flat' | 'flatScraper'>>

export interface DispatcherInit {
  readonly tracker: TrackerOfFrontend
  /** As `parseOptions` leaves them. */
  readonly options: Required<UdpFrontendOptions>
  readonly log: { error(details: object, message: string): void }
  /** Those of the options when absent. */
  readonly ids?: ConnectionIds
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Answers datagrams (BEP 15), whatever socket they came by. It keeps nothing about clients between two of them. */
export class Dispatcher {
  /** Bytes that every reply fits into. */
  readonly replyRoom: number
  /** Bytes that every request fits into. Of longer datagrams no more than so many are read, and they are refused. */
  readonly requestRoom: number
  readonly #tracker: TrackerOfFrontend
  readonly #log: DispatcherInit['log']
  readonly #now: () => number
  /** Milliseconds since 1970, when the clock was last read. */
  #time: number
  readonly #ids: ConnectionIds
  readonly #errorLimit: ErrorLimit
  readonly #rules: AnnounceRules
  readonly #maxScrape: number
  readonly #dropPorts: ReadonlySet<number>
  readonly #answersIpv6Announce: boolean
  readonly #silent: boolean
  readonly #fields = new AnnounceFields()
  readonly #flatAnnounce: FlatAnnounce = emptyFlatAnnounce()
  readonly #flatScrape: FlatScrape
  #flat: FlatAnnouncer | undefined
  #flatScraper: ReturnType<Tracker['flatScraper']>

  /** @throws TRK_ERR_OPTIONS for an address range that is none. */
  constructor(init: DispatcherInit) {
    const { options } = init
    this.#tracker = init.tracker
    this.#log = init.log
    this.#now = init.now ?? Date.now
    this.#time = this.#now()
    this.#ids = init.ids ?? connectionIds(options, this.#time / 1000)
    this.#errorLimit = new ErrorLimit(randomBytes(16), badIdBan(options.banBadConnectionIds))
    const { defaultNumWant, maxNumWant, maxReplySize, allowUnconnectable } = options
    this.#rules = {
      defaultNumWant,
      maxNumWant,
      maxReplySize,
      allowUnconnectable,
      claimedAddresses: claimedAddresses(options.allowIpSpoofing),
    }
    this.#maxScrape = Math.max(options.maxScrapeInfoHashes, LEAST_SCRAPE_LIMIT)
    this.#flatScrape = { ids: new Uint32Array(), idsAt: 0, count: 0, family: 'ipv4', rows: new Uint32Array(this.#maxScrape * 3) }
    this.#dropPorts = new Set([0, ...options.dropSourcePorts])
    this.#answersIpv6Announce = options.opentrackerIpv6
    this.#silent = options.silentOnBadConnectionId
    this.requestRoom = Math.max(MAX_REQUEST, HEADER_LENGTH + this.#maxScrape * INFO_HASH_LENGTH)
    this.replyRoom = Math.max(maxReplySize, scrapeReplyLength(this.#maxScrape), MAX_ERROR_LENGTH)
  }

  /** Reads the clock, which costs as much as checking a connection id. Called before each datagram, or each batch of them. */
  readClock(): void {
    this.#time = this.#now()
  }

  /**
   * Handles the datagram from `start` to `end` of `input`; of a longer one only the first `requestRoom` bytes have to be there.
   * The reply is written into `output` at `at`, where `replyRoom` bytes are free, and its length returned; 0 is no reply. Where a
   * hook or the store is asynchronous, the reply is a promise of a buffer of its own instead. Once this returns, the arguments
   * may be reused: nothing refers to them. Never throws. Quickest where `start` is a multiple of four and `at` of two.
   */
  handle(input: Slab, start: number, end: number, source: Source, output: Slab, at: number): number | Promise<Buffer> {
    const length = end - start
    if (length < HEADER_LENGTH || this.#dropPorts.has(source.port) || !isUnicast(source.address)) return 0
    const { view } = input
    const action = view.getInt32(start + ACTION_OFFSET)
    const transaction = view.getInt32(start + TRANSACTION_OFFSET)
    const now = this.#time
    const seconds = Math.floor(now / 1000)
    if (action === CONNECT) {
      if (!isConnect(view, start)) return 0
      this.#ids.write(source.address, seconds, output.view, writeConnect(transaction, output.view, at))
      return CONNECT_REPLY_LENGTH
    }
    // Before anything else is read: what follows is worth reading from a client that can be reached alone.
    if (!this.#ids.verify(view, start, source.address, seconds)) {
      if (!this.#mayRefuseId(action, length, source.address, now)) return 0
      return writeError(BAD_CONNECTION_ID, transaction, output, at)
    }
    if (action === SCRAPE) return this.#scrape(input, start, end, source, transaction, output, at)
    if (this.#isAnnounce(action)) return this.#announce(input, start, end, source, action, transaction, output, at)
    return writeError(UNKNOWN_ACTION_ID, transaction, output, at)
  }

  #isAnnounce(action: number): boolean {
    return action === ANNOUNCE || (action === ANNOUNCE_IPV6 && this.#answersIpv6Announce)
  }

  /**
   * Whether a bad connection id is answered. The source may be forged, so the answer must be no longer than the datagram, be
   * one of few, and go to requests alone: two trackers would answer each other's errors for ever.
   */
  #mayRefuseId(action: number, length: number, source: Address, now: number): boolean {
    if (this.#silent || (action !== SCRAPE && !this.#isAnnounce(action))) return false
    return length >= REPLY_HEADER_LENGTH + BAD_CONNECTION_ID.length && this.#errorLimit.allow(source, now)
  }

  #announce(
    input: Slab,
    start: number,
    end: number,
    source: Source,
    action: number,
    transaction: number,
    output: Slab,
    at: number,
  ): number | Promise<Buffer> {
    const fields = this.#fields
    try {
      // What the socket has cut might lack half of a URL.
      if (end - start > this.requestRoom) throw MALFORMED_PACKET
      fields.read(input, start, end, action, source.address, this.#rules)
      const flat = (this.#flat ??= this.#tracker.flat?.())
      if (flat !== undefined && (start & 3) === 0 && (at & 1) === 0) {
        return this.#announceFlat(flat, input, start, action, transaction, output, at)
      }
      return this.#announceRequest(announceRequest(input.bytes, start, end, fields), action, transaction, output, at)
    } catch (error) {
      return this.#refuse(error, transaction, output, at)
    }
  }

  #announceFlat(
    flat: FlatAnnouncer,
    input: Slab,
    start: number,
    action: number,
    transaction: number,
    output: Slab,
    at: number,
  ): number {
    const fields = this.#fields
    const announce = this.#flatAnnounce
    announce.ids = input.longs
    announce.idsAt = (start + IDS_OFFSET) >> 2
    announce.address = fields.address
    announce.port = fields.port
    announce.key = fields.key
    announce.numWant = fields.numWant
    announce.peers = output.words
    announce.peersAt = (at + REPLY_PEERS_OFFSET) >> 1
    flat.announce(announce, fields.event, fields.seeding)
    writeAnnounceHeader(action, transaction, flat.interval, announce.incomplete, announce.complete, output.view, at)
    return REPLY_PEERS_OFFSET + announce.given * (announce.address.length + 2)
  }

  #announceRequest(
    request: AnnounceRequest,
    action: number,
    transaction: number,
    output: Slab,
    at: number,
  ): number | Promise<Buffer> {
    const { address } = request
    const { maxReplySize } = this.#rules
    const response = this.#tracker.announce(request)
    if (!isPromise(response)) return writeAnnounce(response, action, transaction, address, maxReplySize, output, at)
    return this.#later(response, transaction, (settled, reply) =>
      writeAnnounce(settled, action, transaction, address, maxReplySize, reply, 0),
    )
  }

  #scrape(
    input: Slab,
    start: number,
    end: number,
    source: Source,
    transaction: number,
    output: Slab,
    at: number,
  ): number | Promise<Buffer> {
    try {
      // More than fit into the room are more than the limit.
      const rows = countScrape(end - start, this.#maxScrape)
      const flat = (this.#flatScraper ??= this.#tracker.flatScraper?.())
      if (flat !== undefined && (start & 3) === 0) {
        const scrape = this.#flatScrape
        scrape.ids = input.longs
        scrape.idsAt = (start + HEADER_LENGTH) >> 2
        scrape.count = rows
        scrape.family = addressFamily(source.address)
        flat.scrapeFlat(scrape)
        return writeScrapeRows(scrape.rows, rows, transaction, output.view, at)
      }
      const response = this.#tracker.scrape(scrapeRequest(input.bytes, start, rows, source.address))
      if (!isPromise(response)) return writeScrape(response, rows, transaction, output.view, at)
      return this.#later(response, transaction, (settled, reply) => writeScrape(settled, rows, transaction, reply.view, 0))
    } catch (error) {
      return this.#refuse(error, transaction, output, at)
    }
  }

  async #later<Response>(
    pending: Promise<Response>,
    transaction: number,
    write: (response: Response, reply: Slab) => number,
  ): Promise<Buffer> {
    // Only then, as many may wait: the reply's memory is much more than that of the wait.
    let reply: Slab | undefined
    try {
      const response = await pending
      reply = Slab.allocate(this.replyRoom)
      return reply.bytes.subarray(0, write(response, reply))
    } catch (error) {
      reply ??= Slab.allocate(this.replyRoom)
      return reply.bytes.subarray(0, this.#refuse(error, transaction, reply, 0))
    }
  }

  #refuse(error: unknown, transaction: number, output: Slab, at: number): number {
    if (isClientError(error)) return writeError(error.message, transaction, output, at)
    this.#log.error({ err: error }, 'a UDP request failed')
    return writeError(INTERNAL_SERVER_ERROR, transaction, output, at)
  }
}

function claimedAddresses(allowed: boolean | string[]): ClaimedAddresses {
  try {
    return new ClaimedAddresses(allowed)
  } catch (error) {
    throw new TRK_ERR_OPTIONS('@chihaya/udp-frontend', `options/allowIpSpoofing: ${(error as Error).message}`)
  }
}

function emptyFlatAnnounce(): FlatAnnounce {
  return {
    ids: new Uint32Array(),
    idsAt: 0,
    address: new Uint8Array(4),
    port: 0,
    key: 0,
    transition: 'unchanged',
    numWant: 0,
    leechersOnly: false,
    publicOnly: false,
    peers: new Uint16Array(),
    peersAt: 0,
    given: 0,
    complete: 0,
    incomplete: 0,
  }
}

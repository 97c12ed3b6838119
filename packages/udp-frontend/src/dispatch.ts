import { randomBytes } from 'node:crypto'
import { INFO_HASH_LENGTH, isClientError } from '@chihaya/bittorrent'
import {
  Answer,
  isPromise,
  ScrapeAnswer,
  TRK_ERR_OPTIONS,
  type Action,
  type Tracker,
} from '@chihaya/core'
import { badIdBan } from './bad-id-ban.ts'
import { ClaimedAddresses } from './claimed-address.ts'
import { connectionIds, type ConnectionIds } from './connection-id.ts'
import type { Datagram, LateReply } from './datagram.ts'
import { ErrorLimit } from './error-limit.ts'
import type { UdpFrontendOptions } from './options.ts'
import { PacketBuffer } from './packet-buffer.ts'
import {
  prepareAnswer,
  UdpAnnounce,
  writeAnnounce,
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
import {
  BAD_CONNECTION_ID,
  INTERNAL_SERVER_ERROR,
  MALFORMED_PACKET,
  UNKNOWN_ACTION_ID,
} from './packets/refusals.ts'
import { scrapeReplyLength, UdpScrape, writeScrape } from './packets/scrape.ts'
import { isUnicast } from './source.ts'

/** BEP 15 lets a client ask for this many at once. */
const LEAST_SCRAPE_LIMIT = 74

/**
 * An announce with all the URL that is read (2560 bytes) and a little more, in as many options as
 * carry it.
 */
const MAX_REQUEST = 2944

/** What this frontend asks of a tracker. */
export type TrackerOfFrontend = Pick<
  Tracker,
  'announce' | 'scrape' | 'showsAnnounces' | 'showsScrapes'
>

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

/**
 * Answers datagrams (BEP 15), whatever socket they came by. It keeps nothing about clients between
 * two of them.
 */
export class Dispatcher {
  /** Bytes that every reply fits into. */
  readonly replyRoom: number
  /**
   * Bytes that every request fits into. Of longer datagrams no more than so many are read, and they
   * are refused.
   */
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
  /**
   * Whether hooks may hold on to what they are shown, so that each request needs objects of its
   * own.
   */
  readonly #showsAnnounces: boolean
  readonly #showsScrapes: boolean
  /** Where late replies are written, before each gets memory of its own. */
  readonly #late: PacketBuffer
  #announce = new UdpAnnounce()
  #answer = new Answer()
  #scrape = new UdpScrape()
  #rows = new ScrapeAnswer()

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
    this.#dropPorts = new Set([0, ...options.dropSourcePorts])
    this.#answersIpv6Announce = options.opentrackerIpv6
    this.#silent = options.silentOnBadConnectionId
    this.#showsAnnounces = init.tracker.showsAnnounces
    this.#showsScrapes = init.tracker.showsScrapes
    this.requestRoom = Math.max(MAX_REQUEST, HEADER_LENGTH + this.#maxScrape * INFO_HASH_LENGTH)
    this.replyRoom = Math.max(maxReplySize, scrapeReplyLength(this.#maxScrape), MAX_ERROR_LENGTH)
    this.#late = PacketBuffer.allocate(this.replyRoom)
  }

  /**
   * Reads the clock, which costs as much as checking a connection id. Called before each datagram,
   * or each batch of them.
   */
  readClock(): void {
    this.#time = this.#now()
  }

  /**
   * Handles a datagram: writes the reply where the datagram says, returns its length, or 0 for
   * none, and notes in the datagram what became of it. Where a hook or the store is asynchronous,
   * the reply comes by the promise instead, in memory of its own. Once this returns, the datagram
   * may be filled in anew: nothing refers to it. Never throws.
   */
  handle(datagram: Datagram): number | Promise<LateReply> {
    const { input, start, source, output, replyAt, length } = datagram
    datagram.drop = undefined
    datagram.refusal = ''
    if (this.#dropPorts.has(source.port) || !isUnicast(source.address))
      return datagram.dropped('source')
    if (length < HEADER_LENGTH) return datagram.dropped('malformed')
    const { view } = input
    const code = view.getInt32(start + ACTION_OFFSET)
    const transaction = view.getInt32(start + TRANSACTION_OFFSET)
    const now = this.#time
    const seconds = Math.floor(now / 1000)
    datagram.action = this.#actionOf(code)
    if (code === CONNECT) {
      if (!isConnect(view, start))
        return datagram.dropped(length > this.requestRoom ? 'too_long' : 'malformed')
      this.#ids.write(
        source.address,
        seconds,
        output.view,
        writeConnect(transaction, output.view, replyAt),
      )
      return CONNECT_REPLY_LENGTH
    }
    // Before anything else is read: what follows is worth reading from a client that can be reached
    // alone.
    if (!this.#ids.verify(view, start, source.address, seconds)) {
      if (!this.#mayRefuseId(datagram, now))
        return datagram.dropped(length > this.requestRoom ? 'too_long' : 'connection_id')
      return this.#refuse(datagram, transaction, BAD_CONNECTION_ID)
    }
    if (datagram.action === 'announce')
      return this.#answerAnnounce(datagram, code === ANNOUNCE_IPV6, transaction)
    if (datagram.action === 'scrape') return this.#answerScrape(datagram, transaction)
    return this.#refuse(datagram, transaction, UNKNOWN_ACTION_ID)
  }

  #actionOf(code: number): Action {
    if (code === ANNOUNCE || (code === ANNOUNCE_IPV6 && this.#answersIpv6Announce))
      return 'announce'
    if (code === CONNECT) return 'connect'
    return code === SCRAPE ? 'scrape' : 'other'
  }

  /**
   * Whether a bad connection id is answered. The source may be forged, so the answer must be no
   * longer than the datagram, be one of few, and go to requests alone: two trackers would answer
   * each other's errors for ever.
   */
  #mayRefuseId({ action, length, source }: Datagram, now: number): boolean {
    if (this.#silent || action === 'other') return false
    return (
      length >= REPLY_HEADER_LENGTH + BAD_CONNECTION_ID.length &&
      this.#errorLimit.allow(source.address, now)
    )
  }

  #answerAnnounce(
    datagram: Datagram,
    ipv6: boolean,
    transaction: number,
  ): number | Promise<LateReply> {
    const announce = this.#announce
    const answer = this.#answer
    const { output, replyAt } = datagram
    try {
      // What the socket has cut might lack half of a URL.
      if (datagram.length > this.requestRoom) throw MALFORMED_PACKET
      announce.read(datagram, ipv6, this.#rules)
      prepareAnswer(answer, announce, output, replyAt)
      const pending = this.#tracker.announce(announce, answer)
      if (isPromise(pending)) {
        announce.keep()
        answer.keep()
        return this.#later(pending, transaction, (reply) =>
          writeAnnounce(answer, ipv6, transaction, reply, 0),
        )
      }
      return writeAnnounce(answer, ipv6, transaction, output, replyAt)
    } catch (error) {
      return this.#refuse(datagram, transaction, this.#refusalOf(error))
    } finally {
      if (this.#showsAnnounces || announce.kept || answer.kept) {
        announce.end()
        answer.end()
        this.#announce = new UdpAnnounce()
        this.#answer = new Answer()
      }
    }
  }

  #answerScrape(datagram: Datagram, transaction: number): number | Promise<LateReply> {
    const scrape = this.#scrape
    const rows = this.#rows
    const { output, replyAt } = datagram
    try {
      // More than fit into the room are more than the limit.
      scrape.read(datagram, this.#maxScrape)
      const pending = this.#tracker.scrape(scrape, rows)
      if (isPromise(pending)) {
        scrape.keep()
        rows.keep()
        return this.#later(pending, transaction, (reply) =>
          writeScrape(rows, transaction, reply.view, 0),
        )
      }
      return writeScrape(rows, transaction, output.view, replyAt)
    } catch (error) {
      return this.#refuse(datagram, transaction, this.#refusalOf(error))
    } finally {
      if (this.#showsScrapes || scrape.kept || rows.kept) {
        scrape.end()
        this.#scrape = new UdpScrape()
        this.#rows = new ScrapeAnswer()
      }
    }
  }

  async #later(
    pending: Promise<void>,
    transaction: number,
    write: (reply: PacketBuffer) => number,
  ): Promise<LateReply> {
    try {
      await pending
      return { bytes: this.#copyLate(write(this.#late)), refusal: '' }
    } catch (error) {
      const refusal = this.#refusalOf(error)
      return { bytes: this.#copyLate(writeError(refusal, transaction, this.#late, 0)), refusal }
    }
  }

  /** The late reply that was just written, in memory that small buffers share. */
  #copyLate(length: number): Buffer {
    return Buffer.from(this.#late.bytes.subarray(0, length))
  }

  /** Writes an error reply. Returns its length. */
  #refuse(datagram: Datagram, transaction: number, refusal: string): number {
    datagram.refusal = refusal
    return writeError(refusal, transaction, datagram.output, datagram.replyAt)
  }

  /**
   * What a client is told of an error: the text of a `ClientError`; of anything else nothing, but
   * the log its cause.
   */
  #refusalOf(error: unknown): string {
    if (isClientError(error)) return error.message
    this.#log.error({ err: error }, 'a UDP request failed')
    return INTERNAL_SERVER_ERROR
  }
}

function claimedAddresses(allowed: boolean | string[]): ClaimedAddresses {
  try {
    return new ClaimedAddresses(allowed)
  } catch (error) {
    throw new TRK_ERR_OPTIONS(
      '@chihaya/udp-frontend',
      `options/allowIpSpoofing: ${(error as Error).message}`,
    )
  }
}

import { randomBytes } from 'node:crypto'
import { INFO_HASH_LENGTH, isClientError } from '@chihaya/bittorrent'
import {
  Answer,
  isPromise,
  ScrapeAnswer,
  TRK_ERR_OPTIONS,
  type Action,
  type Log,
  type Tracker,
} from '@chihaya/core'
import { badIdBan } from './protection/bad-id-ban.ts'
import { ClaimedAddresses } from './packets/claimed-address.ts'
import { connectionIds, type ConnectionIds } from './protection/connection-id.ts'
import type { Datagram, DatagramHandler, LateReply } from './datagram.ts'
import { ErrorLimit } from './protection/error-limit.ts'
import type { UdpFrontendOptions } from './options.ts'
import { PacketBuffer } from './packets/packet-buffer.ts'
import {
  prepareAnswer,
  roomForPeers,
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

/** BEP 15 lets clients ask for this many at once. */
const LEAST_SCRAPE_LIMIT = 74

/** An announce with the longest URL that is read (2560 bytes), in options, and a little more. */
const MAX_REQUEST = 2944

/** The part of a tracker that this frontend uses. */
export type TrackerOfFrontend = Pick<
  Tracker,
  'announce' | 'scrape' | 'showsAnnounces' | 'showsScrapes'
>

export interface DispatcherInit {
  readonly tracker: TrackerOfFrontend
  /** As `parseOptions` leaves them. */
  readonly options: Required<UdpFrontendOptions>
  readonly log: Pick<Log, 'error'>
  /** Made from the options by default. */
  readonly ids?: ConnectionIds
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** Answers datagrams (BEP 15) of any socket. It remembers nothing about clients. */
export class Dispatcher implements DatagramHandler {
  readonly replyRoom: number
  readonly requestRoom: number
  readonly #tracker: TrackerOfFrontend
  readonly #log: DispatcherInit['log']
  readonly #now: () => number
  /** When the clock was last read: milliseconds since 1970, and whole seconds. */
  #time: number
  #seconds: number
  readonly #ids: ConnectionIds
  readonly #errorLimit: ErrorLimit
  readonly #rules: AnnounceRules
  readonly #maxScrape: number
  /** Undefined if 0 is the only one, as a set costs 8 ns a datagram. */
  readonly #dropPorts: ReadonlySet<number> | undefined
  readonly #answersIpv6Announce: boolean
  readonly #silent: boolean
  /** Whether hooks may keep references to announces and answers, which are then not reused. */
  readonly #showsAnnounces: boolean
  readonly #showsScrapes: boolean
  /** Where late replies are written, before each is copied. */
  readonly #late: PacketBuffer
  #announce = new UdpAnnounce()
  #answer = new Answer()
  #scrape = new UdpScrape()
  #rows = new ScrapeAnswer()

  /** @throws TRK_ERR_OPTIONS for an invalid address range. */
  constructor(init: DispatcherInit) {
    const { options } = init
    this.#tracker = init.tracker
    this.#log = init.log
    this.#now = init.now ?? Date.now
    this.#time = this.#now()
    this.#seconds = Math.floor(this.#time / 1000)
    this.#ids = init.ids ?? connectionIds(options, this.#time / 1000)
    this.#errorLimit = new ErrorLimit(randomBytes(16), badIdBan(options.banBadConnectionIds))
    const { defaultNumWant, maxNumWant, maxReplySize, allowUnconnectable } = options
    this.#rules = {
      defaultNumWant,
      maxNumWant: {
        ipv4: Math.min(maxNumWant, roomForPeers('ipv4', maxReplySize)),
        ipv6: Math.min(maxNumWant, roomForPeers('ipv6', maxReplySize)),
      },
      allowUnconnectable,
      claimedAddresses: claimedAddresses(options.allowIpSpoofing),
    }
    this.#maxScrape = Math.max(options.maxScrapeInfoHashes, LEAST_SCRAPE_LIMIT)
    const dropPorts = new Set(options.dropSourcePorts.filter((port) => port !== 0))
    this.#dropPorts = dropPorts.size > 0 ? dropPorts : undefined
    this.#answersIpv6Announce = options.opentrackerIpv6
    this.#silent = options.silentOnBadConnectionId
    this.#showsAnnounces = init.tracker.showsAnnounces
    this.#showsScrapes = init.tracker.showsScrapes
    this.requestRoom = Math.max(MAX_REQUEST, HEADER_LENGTH + this.#maxScrape * INFO_HASH_LENGTH)
    this.replyRoom = Math.max(maxReplySize, scrapeReplyLength(this.#maxScrape), MAX_ERROR_LENGTH)
    this.#late = PacketBuffer.allocate(this.replyRoom)
  }

  readClock(): void {
    this.#time = this.#now()
    this.#seconds = Math.floor(this.#time / 1000)
  }

  handle(datagram: Datagram): number | Promise<LateReply> {
    const { source, start } = datagram
    datagram.drop = undefined
    datagram.refusal = ''
    if (this.#dropsPort(source.port) || !isUnicast(source.address))
      return datagram.dropped('source')
    if (datagram.length < HEADER_LENGTH) return datagram.dropped('malformed')
    const { view } = datagram.input
    const code = view.getInt32(start + ACTION_OFFSET)
    datagram.action = this.#actionOf(code)
    datagram.transaction = view.getInt32(start + TRANSACTION_OFFSET)
    if (code === CONNECT) return this.#answerConnect(datagram)
    // The source may be forged, so nothing else of the datagram is read.
    if (!this.#ids.verify(view, start, source.address, this.#seconds))
      return this.#refuseConnectionId(datagram)
    if (datagram.action === 'announce')
      return this.#answerAnnounce(datagram, code === ANNOUNCE_IPV6)
    if (datagram.action === 'scrape') return this.#answerScrape(datagram)
    return this.#refuse(datagram, UNKNOWN_ACTION_ID)
  }

  #dropsPort(port: number): boolean {
    return port === 0 || (this.#dropPorts !== undefined && this.#dropPorts.has(port))
  }

  #actionOf(code: number): Action {
    if (code === ANNOUNCE || (code === ANNOUNCE_IPV6 && this.#answersIpv6Announce))
      return 'announce'
    if (code === CONNECT) return 'connect'
    return code === SCRAPE ? 'scrape' : 'other'
  }

  #answerConnect(datagram: Datagram): number {
    const { input, start, source, output, replyAt, transaction } = datagram
    if (!isConnect(input.view, start))
      return datagram.dropped(this.#isTooLong(datagram) ? 'too_long' : 'malformed')
    const idAt = writeConnect(transaction, output.view, replyAt)
    this.#ids.write(source.address, this.#seconds, output.view, idAt)
    return CONNECT_REPLY_LENGTH
  }

  #isTooLong({ length }: Datagram): boolean {
    return length > this.requestRoom
  }

  /**
   * Answers a bad connection id, or drops it. The source may be forged, so the answer must not be
   * longer than the datagram, is limited in rate, and goes to requests only: two trackers would
   * answer each other's errors forever.
   */
  #refuseConnectionId(datagram: Datagram): number {
    const { action, length, source } = datagram
    const mayAnswer =
      !this.#silent &&
      action !== 'other' &&
      length >= REPLY_HEADER_LENGTH + BAD_CONNECTION_ID.length &&
      this.#errorLimit.allow(source.address, this.#time)
    if (mayAnswer) return this.#refuse(datagram, BAD_CONNECTION_ID)
    return datagram.dropped(this.#isTooLong(datagram) ? 'too_long' : 'connection_id')
  }

  #answerAnnounce(datagram: Datagram, ipv6: boolean): number | Promise<LateReply> {
    const announce = this.#announce
    const answer = this.#answer
    const { transaction, output, replyAt } = datagram
    try {
      // The socket may have cut off part of the URL.
      if (this.#isTooLong(datagram)) throw MALFORMED_PACKET
      announce.read(datagram, ipv6, this.#rules)
      prepareAnswer(answer, announce, output, replyAt)
      const pending = this.#tracker.announce(announce, answer)
      if (isPromise(pending)) {
        announce.keep()
        answer.keep()
        // Bound, as a closure would allocate this method's variables on the heap every time.
        const write = writeAnnounce.bind(undefined, answer, ipv6, transaction)
        return this.#later(pending, transaction, write)
      }
      return writeAnnounce(answer, ipv6, transaction, output, replyAt)
    } catch (error) {
      return this.#refuse(datagram, this.#refusalOf(error))
    } finally {
      if (this.#showsAnnounces || announce.kept || answer.kept) {
        announce.end()
        answer.end()
        this.#announce = new UdpAnnounce()
        this.#answer = new Answer()
      }
    }
  }

  #answerScrape(datagram: Datagram): number | Promise<LateReply> {
    const scrape = this.#scrape
    const rows = this.#rows
    const { transaction, output, replyAt } = datagram
    try {
      // A datagram that the socket has cut exceeds the limit in any case.
      scrape.read(datagram, this.#maxScrape)
      const pending = this.#tracker.scrape(scrape, rows)
      if (isPromise(pending)) {
        scrape.keep()
        rows.keep()
        return this.#later(pending, transaction, writeScrape.bind(undefined, rows, transaction))
      }
      return writeScrape(rows, transaction, output, replyAt)
    } catch (error) {
      return this.#refuse(datagram, this.#refusalOf(error))
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
    write: (reply: PacketBuffer, at: number) => number,
  ): Promise<LateReply> {
    try {
      await pending
      return { bytes: this.#copyLate(write(this.#late, 0)), refusal: '' }
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
  #refuse(datagram: Datagram, refusal: string): number {
    datagram.refusal = refusal
    return writeError(refusal, datagram.transaction, datagram.output, datagram.replyAt)
  }

  /** The text for a client: that of a `ClientError`. Any other error is logged and hidden. */
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

import { parseAddress, type Address } from '@chihaya/bittorrent'
import { parseOptions, Tracker } from '@chihaya/core'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import { ConnectionIds } from '../../../../packages/udp-frontend/src/protection/connection-id.ts'
import { Datagram } from '../../../../packages/udp-frontend/src/datagram.ts'
import { Dispatcher } from '../../../../packages/udp-frontend/src/dispatcher.ts'
import { optionsSchema } from '../../../../packages/udp-frontend/src/options.ts'
import { PacketBuffer } from '../../../../packages/udp-frontend/src/packets/packet-buffer.ts'
import type { Source } from '../../../../packages/udp-frontend/src/source.ts'
import { check, type Target } from '../target.ts'

/** Separates the datagrams of an input, so that a mutation of one leaves the others whole. */
const NEXT = 'NEXT'
const FILL = 0xee
const ROOM = 8192
const REPLY_AT = 8
const UNTOUCHED = Buffer.alloc(ROOM, FILL)
const INPUT = PacketBuffer.allocate(ROOM)
const OUTPUT = PacketBuffer.allocate(ROOM)
const RECEIVED = Object.assign(new Datagram(), { input: INPUT, output: OUTPUT, replyAt: REPLY_AT })
const BEGIN = 1_795_255_278_000
const MAX_SCRAPE = 100
const [CONNECT, ANNOUNCE, SCRAPE, ERROR, ANNOUNCE_IPV6] = [0, 1, 2, 3, 4]
const STOPPED = 3

const SOURCES: readonly Source[] = ['192.0.2.9', '10.0.0.9', '2001:db8::9', '0.0.0.0'].map(
  (text) => ({
    address: parseAddress(text) as Address,
    port: 40_000,
  }),
)

/** Bits of the first byte of an input: the operator's options. */
const [IPV6_ACTION, SPOOFING, HOOKS, ASYNCHRONOUS, SILENT] = [1, 2, 4, 8, 16]
/**
 * Bits of the first byte of a datagram. The two lowest select the source. The others insert a
 * connection id or advance the clock.
 */
const [FRESH_ID, STALE_ID, LATER] = [4, 8, 16]

const DATAGRAMS = [
  NEXT,
  `${NEXT}\x04`,
  `${NEXT}\x05`,
  `${NEXT}\x06`,
  '\x00\x00\x04\x17\x27\x10\x19\x80',
]
const WORDS = [0, 1, 2, 3, 4, 255].map((byte) => `\x00\x00\x00${String.fromCharCode(byte)}`)
const OTHERS = ['\xff\xff\xff\xff', '\x1a\xe1', '\x02\x05/?a=b', 'x'.repeat(20)]

/** Any datagrams, in any order, are handled within the rules of a UDP tracker. */
export const target: Target = {
  maxLength: 4096,
  tokens: [...DATAGRAMS, ...WORDS, ...OTHERS],
  async run(input) {
    const [choices = 0, ...rest] = input
    const host = new Host(choices)
    const [first = '', ...others] = Buffer.from(rest).toString('latin1').split(NEXT)
    for (const text of [first, ...others]) {
      const [bits = 0, ...datagram] = Buffer.from(text, 'latin1')
      // In order, because the tracker's state is part of the test.
      // oxlint-disable-next-line no-await-in-loop
      await host.send(bits, Buffer.from(datagram))
    }
  },
}

/** A tracker with its clock. */
class Host {
  #now = BEGIN
  readonly #choices: number
  readonly #faults: unknown[] = []
  readonly #dispatcher: Dispatcher
  readonly #ids = new ConnectionIds(
    { secrets: [Buffer.alloc(16, 7)], lifetime: 600, skew: 10 },
    BEGIN / 1000,
  )

  constructor(choices: number) {
    this.#choices = choices
    const log = {
      error: (details: object) => void this.#faults.push(details),
      warn: () => undefined,
    }
    const store = new MemoryPeerStore({}, () => this.#now)
    const tracker = new Tracker({ store, log })
    if (this.#has(HOOKS)) tracker.addHook('preAnnounce', ({ params }) => void params.get('a'))
    if (this.#has(ASYNCHRONOUS)) {
      tracker.addHook('preAnnounce', async () => undefined)
      tracker.addHook('preScrape', async () => undefined)
    }
    tracker.start()
    const options = parseOptions('@chihaya/udp-frontend', optionsSchema, {
      opentrackerIpv6: this.#has(IPV6_ACTION),
      allowIpSpoofing: this.#has(SPOOFING),
      silentOnBadConnectionId: this.#has(SILENT),
    })
    this.#dispatcher = new Dispatcher({
      tracker,
      options,
      log,
      ids: this.#ids,
      now: () => this.#now,
    })
  }

  async send(bits: number, datagram: Buffer): Promise<void> {
    const source = SOURCES[bits & 3] as Source
    if ((bits & (FRESH_ID | STALE_ID)) !== 0 && datagram.length >= 8) {
      const issued = this.#seconds() - ((bits & STALE_ID) === 0 ? 0 : 601)
      this.#ids.write(source.address, issued, view(datagram), 0)
    }
    if ((bits & LATER) !== 0) this.#now += 60_000
    const isProven =
      datagram.length >= 16 && this.#ids.verify(view(datagram), 0, source.address, this.#seconds())
    const reply = await this.#handle(datagram, source)
    check(this.#faults.length === 0, 'a datagram causes an internal server error')
    this.#checkReply(datagram, source, reply, isProven)
    await this.#checkEcho(source, reply)
  }

  #has(choice: number): boolean {
    return (this.#choices & choice) !== 0
  }

  #seconds(): number {
    return Math.floor(this.#now / 1000)
  }

  /**
   * Handles a datagram that lies between other bytes. Checks that these stay untouched, and that
   * nothing is read after the memory is reused.
   */
  async #handle(datagram: Buffer, source: Source): Promise<Buffer> {
    const start = this.#has(HOOKS) ? 7 : 4
    INPUT.bytes.fill(FILL).set(datagram, start)
    OUTPUT.bytes.fill(FILL)
    this.#dispatcher.readClock()
    const reply = this.#dispatcher.handle(
      Object.assign(RECEIVED, { start, end: start + datagram.length, source }),
    )
    check(
      INPUT.bytes.subarray(start, start + datagram.length).equals(datagram),
      'a datagram is modified',
    )
    INPUT.bytes.fill(FILL)
    if (typeof reply !== 'number') return (await reply).bytes
    const [ahead, after] = [
      OUTPUT.bytes.subarray(0, REPLY_AT),
      OUTPUT.bytes.subarray(REPLY_AT + reply),
    ]
    check(isUntouched(ahead) && isUntouched(after), 'a reply is written outside its bounds')
    return Buffer.from(OUTPUT.bytes.subarray(REPLY_AT, REPLY_AT + reply))
  }

  #checkReply(datagram: Buffer, { address }: Source, reply: Buffer, isProven: boolean): void {
    const { length } = datagram
    const isUsable = length >= 16 && address[0] !== 0
    if (reply.length === 0) {
      const isOwed = isUsable && isProven && datagram.readInt32BE(8) !== CONNECT
      check(!isOwed, 'a client with a valid connection id gets no reply')
      return
    }
    check(isUsable, 'a datagram that is not a request is answered')
    check(reply.readInt32BE(4) === datagram.readInt32BE(12), 'a reply has a wrong transaction id')
    const [asked, action] = [datagram.readInt32BE(8), reply.readInt32BE()]
    if (asked === CONNECT || !isProven) {
      check(reply.length <= length, 'a reply to an unproven source is longer than the datagram')
    }
    if (action === CONNECT) {
      check(asked === CONNECT && reply.length === 16, 'a connect reply is not 16 bytes long')
      check(reply.readBigUInt64BE(8) !== 0n, 'a connection id is zero')
    } else if (action === ERROR) {
      check(reply.length <= 88, 'an error reply is longer than 88 bytes')
      check(/^[\x20-\x7e]+$/.test(reply.toString('latin1', 8)), 'an error reply is not plain text')
      if (!isProven)
        check(
          reply.toString('latin1', 8) === 'bad connection ID',
          'an unproven source gets another error',
        )
      if (!isProven)
        check(
          asked === SCRAPE || this.#isAnnounce(asked),
          'an unproven source gets an error for another action',
        )
    } else if (action === SCRAPE) {
      const rows = Math.floor((length - 16) / 20)
      check(
        asked === SCRAPE && reply.length === 8 + 12 * rows,
        'a scrape reply has a wrong number of rows',
      )
      check(rows >= 1 && rows <= MAX_SCRAPE, 'a scrape of too many infohashes is answered')
    } else {
      check(action === asked && this.#isAnnounce(asked), 'a reply has a wrong action')
      check(isAnnounce(datagram), 'an invalid announce is answered')
      this.#checkPeers(reply.subarray(20), address.length + 2, datagram)
    }
  }

  #checkPeers(peers: Buffer, stride: number, datagram: Buffer): void {
    check(
      peers.length % stride === 0 && peers.length <= 1232 - 20,
      'an announce reply has incomplete peers',
    )
    const numWant = datagram.readInt32BE(92 + tailOf(datagram))
    check(
      numWant < 0 || peers.length / stride <= numWant,
      'an announce reply has more peers than requested',
    )
    const endpoints = new Set<string>()
    for (let at = 0; at < peers.length; at += stride) {
      check(peers.readUInt16BE(at + stride - 2) !== 0, 'a peer has port 0')
      endpoints.add(peers.toString('latin1', at, at + stride))
    }
    check(endpoints.size === peers.length / stride, 'an announce reply has a peer twice')
  }

  #isAnnounce(action: number): boolean {
    return action === ANNOUNCE || (action === ANNOUNCE_IPV6 && this.#has(IPV6_ACTION))
  }

  /** Sends a reply back as a request: two trackers must not answer each other forever. */
  async #checkEcho(source: Source, reply: Buffer): Promise<void> {
    if (reply.length === 0) return
    const echo = await this.#handle(reply, source)
    // In a scrape reply, the seeders are where a request has its action.
    check(echo.length === 0 || reply.readInt32BE() === SCRAPE, "a tracker's own reply is answered")
    check((await this.#handle(echo, source)).length === 0, "a tracker's own error is answered")
  }
}

/** The additional bytes of an IPv6 address, by which the fields after it are shifted. */
function tailOf(datagram: Buffer): number {
  return datagram.readInt32BE(8) === ANNOUNCE_IPV6 ? 12 : 0
}

/** Whether an announce is complete, with a known event and, unless it is `stopped`, a port. */
function isAnnounce(datagram: Buffer): boolean {
  const tail = tailOf(datagram)
  if (datagram.length < 98 + tail) return false
  const event = datagram.readUInt32BE(80)
  return event <= 4 && (event === STOPPED || datagram.readUInt16BE(96 + tail) !== 0)
}

function isUntouched(bytes: Buffer): boolean {
  return bytes.equals(UNTOUCHED.subarray(0, bytes.length))
}

function view(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

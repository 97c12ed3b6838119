import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { announceRequest, connectRequest } from './packets.ts'

/**
 * A process that generates load: `load.ts PORT WINDOW TORRENTS PEERS …`, a pair for each group of
 * torrents of the same size. It announces every peer once and prints `ready`. From then on it
 * announces random peers, and sends the next request for each reply. A line `FIRST LAST NUMWANT` on
 * standard input limits it to the torrents from FIRST to LAST and requests NUMWANT peers; it is
 * answered with the number of replies so far. The process ends with its standard input.
 */

const TOP_UP = 100
const ANNOUNCE = 1
const ERROR = 3
const SOURCES = 8

const [port = 0, window = 0, ...pairs] = process.argv.slice(2).map(Number)
const sizes: number[] = []
for (let at = 0; at < pairs.length; at += 2)
  sizes.push(...Array<number>(pairs[at] ?? 0).fill(pairs[at + 1] ?? 0))
const replies = { announces: 0, errors: 0 }
let [first, last, wanted] = [0, sizes.length - 1, 0]

/** Every peer once, then random peers of the torrents from `first` to `last`. */
function* peers(): Generator<[torrent: number, peer: number], never> {
  for (const [torrent, size] of sizes.entries())
    for (let peer = 0; peer < size; peer++) yield [torrent, peer]
  for (;;) {
    const torrent = first + Math.floor(Math.random() * (last - first + 1))
    yield [torrent, Math.floor(Math.random() * (sizes[torrent] ?? 0))]
  }
}
const next = peers()

/** A client with a socket, as a tracker has many. */
class Source {
  readonly #socket: Socket
  #connectionId: Buffer = Buffer.alloc(8)
  #heard = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  async connect(): Promise<void> {
    this.#socket.connect(port, '127.0.0.1')
    await once(this.#socket, 'connect')
    this.#socket.send(connectRequest())
    const [reply] = (await once(this.#socket, 'message')) as [Buffer]
    this.#connectionId = Buffer.from(reply.subarray(8, 16))
    this.#socket.on('message', (message) => this.#hear(message))
  }

  /** Starts, and starts again after datagrams were lost. */
  topUp(): void {
    if (this.#heard === 0) for (let sent = 0; sent < window / SOURCES; sent++) this.#send()
    this.#heard = 0
  }

  #hear(reply: Buffer): void {
    const action = reply.readUInt32BE(0)
    this.#heard++
    if (action === ANNOUNCE) replies.announces++
    else if (action === ERROR) replies.errors++
    this.#send()
  }

  #send(): void {
    const [torrent, peer] = next.next().value
    this.#socket.send(announceRequest(this.#connectionId, torrent, peer, wanted))
  }
}

const sources = Array.from(
  { length: SOURCES },
  () => new Source(createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })),
)
await Promise.all(sources.map((source) => source.connect()))
setInterval(() => {
  for (const source of sources) source.topUp()
}, TOP_UP)
const total = sizes.reduce((sum, size) => sum + size, 0)
const watch = setInterval(() => {
  if (replies.announces < total) return
  clearInterval(watch)
  console.log('ready')
}, 50)
const input = createInterface({ input: process.stdin })
input.on('line', (line) => {
  ;[first = 0, last = 0, wanted = 0] = line.split(' ').map(Number)
  console.log(JSON.stringify(replies))
})
input.on('close', () => process.exit(0))

import { BatchSocket, type Batch } from '@chihaya/udp-batch'
import { Requests, torrentsOfPeers } from './requests.ts'

/**
 * A load generator process: `load.ts PORT SECONDS WINDOW SPREAD`. In a closed loop, each response
 * triggers the next request, so that about WINDOW requests are in flight. Prints `ready` when all
 * peers have announced, counts as JSON for each line on standard input, and exits after SECONDS.
 */

const SOURCES = 64
const TRACKER = Uint8Array.of(127, 0, 0, 1)
const TOP_UP = 20

export interface LoadCounts {
  /** Responses by action: connect, announce, scrape, error. */
  readonly replies: readonly [number, number, number, number]
  /** Bytes of all responses. */
  readonly bytes: number
}

const [port = 0, seconds = 0, window = 0] = process.argv.slice(2, 5).map(Number)
const torrents = torrentsOfPeers(process.argv[5] === 'even' ? 'even' : 'popular')
const replies: [number, number, number, number] = [0, 0, 0, 0]
let bytes = 0

/** One address: connects, announces all its peers, and then draws from the mix. */
class Source {
  readonly #requests: Requests
  readonly #socket: BatchSocket
  readonly #scratch = Buffer.alloc(512)
  #connected = false
  #announced = 0
  #outstanding = 0
  #answered = 0

  constructor(number: number) {
    this.#requests = new Requests(number, SOURCES, torrents)
    const address = `127.0.${1 + (number >> 4)}.${1 + (number & 15)}`
    this.#socket = BatchSocket.bind({ address, port: 0, receiveBufferSize: 4 << 20 }, (batch) =>
      this.#onBatch(batch),
    )
  }

  /** Fills the window: at the start, and when nothing came back, as datagrams get lost. */
  topUp(size: number): void {
    if (this.#answered === 0) this.#outstanding = 0
    this.#answered = 0
    const aim = this.#connected ? size : 1
    for (; this.#outstanding < aim; this.#outstanding++) {
      this.#socket.send(this.#scratch.subarray(0, this.#write(this.#scratch, 0)), TRACKER, port)
    }
  }

  get ready(): boolean {
    return this.#announced >= this.#requests.peers
  }

  close(): void {
    this.#socket.close()
  }

  #onBatch(batch: Batch): void {
    for (let index = 0; index < batch.count; index++) {
      const start = batch.start(index)
      const action = batch.input.readInt32BE(start)
      replies[action as 0]++
      bytes += batch.end(index) - start
      this.#answered++
      if (action === 0) {
        this.#connected = true
        batch.input.copy(this.#requests.connectionId, 0, start + 8, start + 16)
      }
      batch.reply(index, this.#write(batch.output, batch.replyStart(index)))
    }
  }

  #write(target: Buffer, at: number): number {
    if (!this.#connected) return this.#requests.writeConnect(target, at)
    if (this.#announced < this.#requests.peers)
      return this.#requests.writeAnnounce(target, at, this.#announced++)
    return this.#requests.writeNext(target, at)
  }
}

const sources = Array.from({ length: SOURCES }, (_, number) => new Source(number))
const topUp = setInterval(() => {
  for (const source of sources) source.topUp(Math.max(1, Math.round(window / SOURCES)))
}, TOP_UP)

let announcedReady = false
const watch = setInterval(() => {
  if (announcedReady || !sources.every((source) => source.ready)) return
  announcedReady = true
  console.log('ready')
}, 50)

process.stdin.on('data', () => console.log(JSON.stringify({ replies, bytes } satisfies LoadCounts)))
setTimeout(() => {
  clearInterval(topUp)
  clearInterval(watch)
  for (const source of sources) source.close()
  process.exit(0)
}, seconds * 1000)

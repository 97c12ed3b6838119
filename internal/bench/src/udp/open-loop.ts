import { BatchSocket, type Batch } from '@chihaya/udp-batch'
import { Requests, torrentsOfPeers } from './requests.ts'

/**
 * A load generator process with a steady rate, whether responses arrive or not: `open-loop.ts PORT
 * RATE SECONDS`. Prints requests, responses and latencies as JSON.
 */

const SOURCES = 64
const TRACKER = Uint8Array.of(127, 0, 0, 1)
/** Transactions whose start is remembered. */
const REMEMBERED = 1 << 20
/** Milliseconds at the full rate before measuring, while the tracker compiles its code. */
const WARM_UP = 2000
const TICK = 1

export interface OpenLoopCounts {
  /** All requests and their seconds, warm-up included. */
  readonly sentInAll: number
  readonly secondsInAll: number
  /** Requests and responses after the warm-up. */
  readonly sent: number
  readonly replies: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

const [port = 0, rate = 0, seconds = 0] = process.argv.slice(2).map(Number)
const torrents = torrentsOfPeers('popular')
const sentAt = new Float64Array(REMEMBERED)
const latencies: number[] = []
const scratch = Buffer.alloc(512)
let sent = 0
let replies = 0
let measuring = false

class Source {
  readonly #requests: Requests
  readonly #socket: BatchSocket
  connected = false

  constructor(number: number) {
    this.#requests = new Requests(number, SOURCES, torrents)
    const address = `127.0.${1 + (number >> 4)}.${1 + (number & 15)}`
    this.#socket = BatchSocket.bind({ address, port: 0, receiveBufferSize: 4 << 20 }, (batch) =>
      this.#onBatch(batch),
    )
  }

  send(): void {
    const length = this.connected
      ? this.#requests.writeNext(scratch, 0)
      : this.#requests.writeConnect(scratch, 0)
    // Unique over all sources, to match responses with requests.
    scratch.writeInt32BE(sent | 0, 12)
    sentAt[sent & (REMEMBERED - 1)] = performance.now()
    sent++
    this.#socket.send(scratch.subarray(0, length), TRACKER, port)
  }

  #onBatch(batch: Batch): void {
    const now = performance.now()
    for (let index = 0; index < batch.count; index++) {
      const start = batch.start(index)
      if (batch.input.readInt32BE(start) === 0) {
        this.connected = true
        batch.input.copy(this.#requests.connectionId, 0, start + 8, start + 16)
      }
      if (!measuring) continue
      replies++
      latencies.push(now - (sentAt[batch.input.readUInt32BE(start + 4) & (REMEMBERED - 1)] ?? now))
    }
  }
}

const sources = Array.from({ length: SOURCES }, (_, number) => new Source(number))
for (const source of sources) source.send()

let sentBefore = 0
const began = performance.now()
setInterval(() => {
  const elapsed = Math.min(performance.now() - began, WARM_UP + seconds * 1000)
  if (!measuring && elapsed >= WARM_UP) {
    measuring = true
    sentBefore = sent
  }
  const due = SOURCES + Math.floor((elapsed / 1000) * rate)
  for (let next = sent; next < due; next++) sources[next % SOURCES]?.send()
}, TICK)

setTimeout(
  () => {
    latencies.sort((a, b) => a - b)
    const quantile = (part: number): number =>
      latencies[Math.floor(latencies.length * part)] ?? Number.NaN
    const counts: OpenLoopCounts = {
      sentInAll: sent,
      secondsInAll: WARM_UP / 1000 + seconds,
      sent: sent - sentBefore,
      replies,
      p50: quantile(0.5),
      p99: quantile(0.99),
    }
    console.log(JSON.stringify(counts))
    process.exit(0)
  },
  WARM_UP + seconds * 1000 + 200,
)

import { refusalTexts } from '@chihaya/bittorrent'
import { NETWORKS, type Network } from '../announce/network.ts'
import { ConnectionMeter } from './connection-meter.ts'
import { DropMeter } from './drop-meter.ts'
import { DURATION_BUCKETS } from './duration-histogram.ts'

/** The action of a request; `other` is anything that trackers do not answer. */
export type Action = 'connect' | 'announce' | 'scrape' | 'other'

/** Requests of one kind since the meter was created. */
export interface RequestCount {
  /** `http`, `udp`, or the name that another frontend has added. */
  readonly protocol: string
  readonly action: Action
  readonly network: Network
  /** Empty for answered requests, else the text of the refusal, or `other`. */
  readonly error: string
  readonly requests: number
  readonly receivedBytes: number
  readonly sentBytes: number
  /** Requests with a known duration. */
  readonly timed: number
  /** Their total duration in milliseconds. */
  readonly milliseconds: number
  /** Timed requests by the bounds in `DURATION_BUCKETS`, not cumulative. */
  readonly buckets: readonly number[]
}

/** The duration of a request that was not timed. */
export const UNTIMED = -1

/** Names that fit into the name of a metric. */
const PROTOCOL_NAME = /^[a-z][a-z0-9_]{0,31}$/
const MAX_PROTOCOLS = 16
const ACTIONS: readonly Action[] = ['connect', 'announce', 'scrape', 'other']
/** The empty error of answered requests, then the texts of refusals by number. */
const ERRORS = 1 + refusalTexts.limit

// Columns of a row, which holds the numbers of one kind of request.
const REQUESTS = 0
const RECEIVED = 1
const SENT = 2
const TIMED = 3
const MILLISECONDS = 4
const BUCKETS = 5
const BOUNDS = DURATION_BUCKETS.length
const ROW = BUCKETS + BOUNDS

function newRows(): Float64Array {
  return new Float64Array(ACTIONS.length * NETWORKS.length * ERRORS * ROW)
}

/**
 * Counts requests in memory that is allocated in advance, so that no client can make it grow.
 * Frontends use the `requestMeter` that the application decorates; without it they count nothing
 * and read no clock.
 */
export class RequestMeter {
  /** Datagrams without an answer. They do not count as requests. */
  readonly drops: DropMeter = new DropMeter()
  /** HTTP connections, if a listener counts them. */
  readonly connections: ConnectionMeter = new ConnectionMeter()
  readonly #rows = new Map<string, Float64Array>([
    ['http', newRows()],
    ['udp', newRows()],
  ])

  /** The protocols that it counts: `http`, `udp`, and added ones. */
  get protocols(): readonly string[] {
    return [...this.#rows.keys()]
  }

  /**
   * Adds the protocol of a frontend, unless it is known. Call it in `onReady`. Takes 186 kB.
   * @throws {TypeError} unless the name is lower-case letters, digits and `_`, up to 32 of them.
   * @throws {RangeError} beyond 16 protocols.
   */
  addProtocol(name: string): void {
    if (this.#rows.has(name)) return
    if (!PROTOCOL_NAME.test(name))
      throw new TypeError(`the name of a protocol must match ${PROTOCOL_NAME.source}`)
    if (this.#rows.size >= MAX_PROTOCOLS)
      throw new RangeError(`a request meter counts at most ${MAX_PROTOCOLS} protocols`)
    this.#rows.set(name, newRows())
  }

  /**
   * Counts a request. `network` is the peer's, or the connection's if the peer is unknown. `error`
   * is empty if the request was answered, else the text of the refusal. `milliseconds` may be
   * `UNTIMED`.
   * @throws {TypeError} if the protocol was not added.
   */
  count(
    protocol: string,
    action: Action,
    network: Network,
    error: string,
    receivedBytes: number,
    sentBytes: number,
    milliseconds: number,
  ): void {
    const rows = this.#rowsOf(protocol)
    const row = rowOf(action, network, error)
    rows[row + REQUESTS] = (rows[row + REQUESTS] as number) + 1
    rows[row + RECEIVED] = (rows[row + RECEIVED] as number) + receivedBytes
    rows[row + SENT] = (rows[row + SENT] as number) + sentBytes
    if (milliseconds < 0) return
    rows[row + TIMED] = (rows[row + TIMED] as number) + 1
    rows[row + MILLISECONDS] = (rows[row + MILLISECONDS] as number) + milliseconds
    let bucket = 0
    while (bucket < BOUNDS && milliseconds > (DURATION_BUCKETS[bucket] as number)) bucket++
    if (bucket < BOUNDS) rows[row + BUCKETS + bucket] = (rows[row + BUCKETS + bucket] as number) + 1
  }

  /** All kinds of requests that have occurred. */
  counts(): RequestCount[] {
    const counts: RequestCount[] = []
    for (const [protocol, rows] of this.#rows)
      for (const action of ACTIONS)
        for (const network of NETWORKS)
          for (const error of ['', ...refusalTexts.list()]) {
            const row = rowOf(action, network, error)
            const [
              requests = 0,
              receivedBytes = 0,
              sentBytes = 0,
              timed = 0,
              milliseconds = 0,
              ...buckets
            ] = rows.subarray(row, row + ROW)
            if (requests === 0) continue
            counts.push({
              protocol,
              action,
              network,
              error,
              requests,
              receivedBytes,
              sentBytes,
              timed,
              milliseconds,
              buckets,
            })
          }
    return counts
  }

  #rowsOf(protocol: string): Float64Array {
    const rows = this.#rows.get(protocol)
    if (rows) return rows
    throw new TypeError(`the request meter has no protocol ${protocol}: add it first`)
  }
}

/** Where the row of a kind of request begins. */
function rowOf(action: Action, network: Network, error: string): number {
  const kind = actionIndex(action) * NETWORKS.length + networkIndex(network)
  const errorIndex = error === '' ? 0 : 1 + refusalTexts.numberOf(error)
  return (kind * ERRORS + errorIndex) * ROW
}

// These run for every request, so they compare instead of searching.

/** The index in `ACTIONS`. */
function actionIndex(action: Action): number {
  if (action === 'announce') return 1
  if (action === 'connect') return 0
  return action === 'scrape' ? 2 : 3
}

/** The index in `NETWORKS`. */
function networkIndex(network: Network): number {
  if (network === 'ipv4') return 0
  return network === 'ipv6' ? 1 : 2
}

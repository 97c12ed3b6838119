import { refusalTexts, type AddressFamily } from '@chihaya/bittorrent'
import { ConnectionMeter } from './connection-meter.ts'
import { DropMeter } from './drop-meter.ts'
import { DURATION_BUCKETS } from './duration-histogram.ts'

export type Protocol = 'http' | 'udp'

/** The action of a request; `other` is anything that trackers do not answer. */
export type Action = 'connect' | 'announce' | 'scrape' | 'other'

/** Requests of one kind since the meter was created. */
export interface RequestCount {
  readonly protocol: Protocol
  readonly action: Action
  readonly family: AddressFamily
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

const PROTOCOLS: readonly Protocol[] = ['http', 'udp']
const ACTIONS: readonly Action[] = ['connect', 'announce', 'scrape', 'other']
const FAMILIES: readonly AddressFamily[] = ['ipv4', 'ipv6']
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
  readonly #rows = new Float64Array(
    PROTOCOLS.length * ACTIONS.length * FAMILIES.length * ERRORS * ROW,
  )

  /**
   * Counts a request. `error` is empty if it was answered, else the text of the refusal.
   * `milliseconds` may be `UNTIMED`.
   */
  count(
    protocol: Protocol,
    action: Action,
    family: AddressFamily,
    error: string,
    receivedBytes: number,
    sentBytes: number,
    milliseconds: number,
  ): void {
    const rows = this.#rows
    const row = this.#row(protocol, action, family, error)
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
    for (const protocol of PROTOCOLS)
      for (const action of ACTIONS)
        for (const family of FAMILIES)
          for (const error of ['', ...refusalTexts.list()]) {
            const row = this.#row(protocol, action, family, error)
            const [
              requests = 0,
              receivedBytes = 0,
              sentBytes = 0,
              timed = 0,
              milliseconds = 0,
              ...buckets
            ] = this.#rows.subarray(row, row + ROW)
            if (requests === 0) continue
            counts.push({
              protocol,
              action,
              family,
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

  // Runs for every request, so it compares instead of searching.
  #row(protocol: Protocol, action: Action, family: AddressFamily, error: string): number {
    const kind =
      ((protocol === 'udp' ? ACTIONS.length : 0) + actionIndex(action)) * FAMILIES.length +
      (family === 'ipv6' ? 1 : 0)
    const errorIndex = error === '' ? 0 : 1 + refusalTexts.numberOf(error)
    return (kind * ERRORS + errorIndex) * ROW
  }
}

/** The index in `ACTIONS`. */
function actionIndex(action: Action): number {
  if (action === 'announce') return 1
  if (action === 'connect') return 0
  return action === 'scrape' ? 2 : 3
}

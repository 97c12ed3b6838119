import { refusalTexts, type AddressFamily } from '@chihaya/bittorrent'
import { ConnectionMeter } from './connection-meter.ts'
import { DropMeter } from './drop-meter.ts'
import { DURATION_BUCKETS } from './duration-histogram.ts'

export type Protocol = 'http' | 'udp'

/** What a client asked for; `other` is whatever no tracker answers. */
export type Action = 'connect' | 'announce' | 'scrape' | 'other'

/** Requests of one kind since the meter was made. */
export interface RequestCount {
  readonly protocol: Protocol
  readonly action: Action
  readonly family: AddressFamily
  /** Empty for answered requests, else the text of the refusal, or `other`. */
  readonly error: string
  readonly requests: number
  readonly receivedBytes: number
  readonly sentBytes: number
  /** Requests whose duration is known. */
  readonly timed: number
  /** Their durations added up, in milliseconds. */
  readonly milliseconds: number
  /**
   * How many of them took at most as long as the same entry of `DURATION_BUCKETS`, each counted
   * once.
   */
  readonly buckets: readonly number[]
}

/** Milliseconds that stand for a request that was not timed. */
export const UNTIMED = -1

const PROTOCOLS: readonly Protocol[] = ['http', 'udp']
const ACTIONS: readonly Action[] = ['connect', 'announce', 'scrape', 'other']
const FAMILIES: readonly AddressFamily[] = ['ipv4', 'ipv6']
/** The empty error of answered requests, then the texts of refusals by number. */
const ERRORS = 1 + refusalTexts.limit

// One row of numbers for each kind of request.
const REQUESTS = 0
const RECEIVED = 1
const SENT = 2
const TIMED = 3
const MILLISECONDS = 4
const BUCKETS = 5
const BOUNDS = DURATION_BUCKETS.length
const ROW = BUCKETS + BOUNDS

/**
 * Counts what frontends were asked, in memory that is set aside beforehand, so that no client can
 * make it grow. Frontends use the one that the application decorates as `requestMeter`; without it
 * they count nothing and read no clock.
 */
export class RequestMeter {
  /** Datagrams that got no answer; they are not among the requests. */
  readonly drops: DropMeter = new DropMeter()
  /** Connections of HTTP, where a listener counts them. */
  readonly connections: ConnectionMeter = new ConnectionMeter()
  readonly #rows = new Float64Array(
    PROTOCOLS.length * ACTIONS.length * FAMILIES.length * ERRORS * ROW,
  )

  /**
   * Counts a request. `error` is empty for one that was answered, `milliseconds` is `UNTIMED` where
   * no clock was read.
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

  /** Every kind of request that there has been. */
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

  // Comparisons instead of searches: this is part of every request.
  #row(protocol: Protocol, action: Action, family: AddressFamily, error: string): number {
    const kind =
      ((protocol === 'udp' ? ACTIONS.length : 0) + actionIndex(action)) * FAMILIES.length +
      (family === 'ipv6' ? 1 : 0)
    const errorIndex = error === '' ? 0 : 1 + refusalTexts.numberOf(error)
    return (kind * ERRORS + errorIndex) * ROW
  }
}

/** The place in `ACTIONS`. */
function actionIndex(action: Action): number {
  if (action === 'announce') return 1
  if (action === 'connect') return 0
  return action === 'scrape' ? 2 : 3
}

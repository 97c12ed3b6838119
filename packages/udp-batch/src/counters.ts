/** Counts of a socket's datagrams. */
export interface Counters {
  /** Passed to `onBatch`. */
  readonly received: number
  /** Taken by the system. */
  readonly sent: number
  /** Longer than `maxDatagram`: dropped, or cut with `keepTruncated`. */
  readonly truncated: number
  /** Not sent: the queue was full in `send`, or the system's buffer in `close`. */
  readonly dropped: number
  /** Rejected by the system when sent, and failures to receive. */
  readonly errors: number
  /** Dropped by the system because the receive buffer was full. */
  readonly overflowed: number
}

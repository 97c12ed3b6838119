/** What has happened to a socket's datagrams. */
export interface Counters {
  /** Handed to `onBatch`. */
  readonly received: number
  /** Taken by the system. */
  readonly sent: number
  /** Longer than `maxDatagram`: dropped, or cut where `keepTruncated` is set. */
  readonly truncated: number
  /** Not sent: `send` found its queue full, or `close` the system unwilling. */
  readonly dropped: number
  /** That the system refused to send; and failures to receive. */
  readonly errors: number
  /** That the system dropped before they were read: the receive buffer was full. */
  readonly overflowed: number
}

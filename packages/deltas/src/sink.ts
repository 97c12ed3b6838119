import type { NumberedDelta } from './delta.ts'

/** Records that follow each other. */
export interface DeltaBatch {
  /** 16 bytes that name the sequence of records. */
  readonly source: Uint8Array
  readonly first: number
  readonly last: number
  readonly deltas: readonly NumberedDelta[]
}

/** Where records go: a database, a stream, a service. */
export interface DeltaSink {
  /** A name for logs and metrics, unique among the sinks of a tracker. */
  readonly name: string
  /** Whether records are kept until this sink has them. */
  readonly durable: boolean
  /** Records of a batch at most. */
  readonly batch: number
  /**
   * Connects. Resolves with the number of the last record of this source that the sink has: 0 for
   * none, undefined for a sink that does not know, whose place is remembered for it.
   * @throws {SinkError}
   */
  open(source: Uint8Array): Promise<number | undefined>
  /**
   * Applies a batch: all of it, or nothing. A batch may come a second time when nobody knows whether
   * the first was applied.
   * @throws {SinkError}
   */
  write(batch: DeltaBatch): Promise<void>
  close(): Promise<void>
}

/**
 * What a sink has failed of. `retry`: something that passes, such as a lost connection. `blocked`:
 * something that a person has to mend, such as a missing table or permission. `rejected`: a record
 * that can never be applied, somewhere in the batch.
 */
export type SinkFailure = 'retry' | 'blocked' | 'rejected'

export class SinkError extends Error {
  readonly failure: SinkFailure

  constructor(failure: SinkFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SinkError'
    this.failure = failure
  }
}

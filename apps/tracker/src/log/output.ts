import { writeSync } from 'node:fs'

export interface LogOutputInit {
  readonly fd: number
  /** Bytes to keep while nothing can be written. @default 1 MiB */
  readonly capacity?: number
  /**
   * Called when everything is written again after lines were dropped, with their number and the
   * code of the last error.
   */
  readonly onRecovered?: (dropped: number, reason: string) => void
  /** Milliseconds until the next attempt. @default 100 */
  readonly retryAfter?: number
  /** Writes some of the bytes at once, or throws. @default fs.writeSync */
  readonly write?: (fd: number, bytes: Uint8Array) => number
}

/** `process.stdout` or `process.stderr`. */
export type StandardStream = NodeJS.WriteStream & { readonly fd: number }

const CAPACITY = 1024 * 1024
const RETRY_AFTER = 100
const FLUSH_STEP = 10
const LAST_WORDS = 500

// Never notified, so waiting for it is a synchronous sleep.
const PAUSE: Int32Array = new Int32Array(new SharedArrayBuffer(4))

/**
 * The destination of the log. Lines are written at once, so the last ones before an exit are there.
 * Writing never blocks the service: while the disk is full or nobody reads the pipe, lines are kept
 * in memory, and lines beyond the capacity are counted and dropped.
 */
export class LogOutput {
  readonly #fd: number
  readonly #capacity: number
  readonly #retryAfter: number
  readonly #write: (fd: number, bytes: Uint8Array) => number
  readonly #onRecovered: (dropped: number, reason: string) => void
  #waiting: Uint8Array[] = []
  #size = 0
  #dropped = 0
  #timer: NodeJS.Timeout | undefined
  #reason = ''

  constructor(init: LogOutputInit) {
    this.#fd = init.fd
    this.#capacity = init.capacity ?? CAPACITY
    this.#retryAfter = init.retryAfter ?? RETRY_AFTER
    this.#write = init.write ?? writeSync
    this.#onRecovered = init.onRecovered ?? (() => undefined)
  }

  /** Writes a line, which includes its end. Never throws or blocks. */
  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#size + bytes.length > this.#capacity) {
      this.#dropped++
      return
    }
    this.#waiting.push(bytes)
    this.#size += bytes.length
    if (this.#timer === undefined) this.#drain()
  }

  /** Blocks until everything is written, for at most `patience` milliseconds. For the exit. */
  flush(patience: number): void {
    for (let waited = 0; this.#size > 0 && waited < patience; waited += FLUSH_STEP) {
      this.#drain()
      if (this.#timer !== undefined && this.#reason !== 'EAGAIN') break
      if (this.#size > 0) Atomics.wait(PAUSE, 0, 0, FLUSH_STEP)
    }
    clearTimeout(this.#timer)
  }

  #drain(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      this.#writeWaiting()
    } catch (error) {
      // Any error may pass: a disk gets room, a reader reads on.
      this.#reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
      this.#timer = setTimeout(() => this.#drain(), this.#retryAfter).unref()
      return
    }
    const dropped = this.#dropped
    this.#dropped = 0
    if (dropped > 0) this.#onRecovered(dropped, this.#reason)
  }

  #writeWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const written = this.#write(this.#fd, first)
      this.#size -= written
      if (written === first.length) this.#waiting.shift()
      else this.#waiting[0] = first.subarray(written)
    }
  }
}

/** The output of a standard stream, which neither blocks nor ends the process from here on. */
export function standardOutput(
  stream: StandardStream,
  onRecovered?: LogOutputInit['onRecovered'],
): LogOutput {
  // Access to the stream opens it, and Node then makes pipes and sockets non-blocking.
  stream.on('error', () => undefined)
  const output = new LogOutput({ fd: stream.fd, ...(onRecovered && { onRecovered }) })
  process.once('exit', () => output.flush(LAST_WORDS))
  return output
}

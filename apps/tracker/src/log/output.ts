import { writeSync } from 'node:fs'

export interface LogOutputInit {
  readonly fd: number
  /** Bytes kept at most while nothing can be written. @default 1 MiB */
  readonly capacity?: number
  /**
   * Called when everything is written again, if lines were dropped in between: how many, and the
   * code of the last fault.
   */
  readonly onRecovered?: (dropped: number, reason: string) => void
  /** Milliseconds until it is tried again. @default 100 */
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

// Nobody wakes it: waiting for it is sleeping.
const PAUSE: Int32Array = new Int32Array(new SharedArrayBuffer(4))

/**
 * Where the log goes. Lines are written at once, so that the last ones before an exit are there,
 * but never at the cost of the service: while the disk is full, or whoever should read a pipe does
 * not, lines wait here, and those that find no more room are counted and dropped.
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

  /** Writes a line with its end. Never throws, and never waits. */
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

  /**
   * Writes what waits, for as many milliseconds as it may take while a reader is slow. For the end
   * of the process.
   */
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
      // Whatever it is, it may pass: a disk gets room, a reader reads on.
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

/**
 * The output behind a standard stream. From then on a pipe or a socket there blocks nobody, and a
 * fault of it ends nothing.
 */
export function standardOutput(
  stream: StandardStream,
  onRecovered?: LogOutputInit['onRecovered'],
): LogOutput {
  // Node sets pipes and sockets not to block when it opens the stream, which asking for it does.
  stream.on('error', () => undefined)
  const output = new LogOutput({ fd: stream.fd, ...(onRecovered && { onRecovered }) })
  process.once('exit', () => output.flush(LAST_WORDS))
  return output
}

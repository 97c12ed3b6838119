import { appendFile, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { DeltaReader } from './delta-codec.ts'
import { deltaLine } from './delta-line.ts'
import type { DeltaQueue } from './delta-queue.ts'
import type { NumberedDelta } from './delta.ts'
import { SinkError, type DeltaSink } from './sink.ts'

const FIRST_DELAY = 100
const LONGEST_DELAY = 30_000
const BLOCKED_DELAY = 30_000

/** `waiting` for what passes by itself, `blocked` until a person mends it. */
export type CourierState = 'idle' | 'writing' | 'waiting' | 'blocked'

export interface CourierInit {
  readonly sink: DeltaSink
  readonly queue: DeltaQueue
  readonly source: Uint8Array
  /** Where the place of a sink is remembered that does not know it, and what it rejects. */
  readonly folder: string | undefined
  readonly log: {
    info(details: object, message: string): void
    warn(details: object, message: string): void
    error(details: object, message: string): void
  }
  /** Called whenever the sink has more. */
  readonly onDelivered: () => void
}

/** Brings the records of a queue to one sink, in order, until it has them. */
export class Courier {
  readonly #init: CourierInit
  readonly #abort = new AbortController()
  #state: CourierState = 'idle'
  #delivered = 0
  /** Whether the sink does not know its place. */
  #remembersPlace = false
  #attempts = 0
  #rejected = 0
  #problem: string | undefined
  #running: Promise<void> | undefined

  constructor(init: CourierInit) {
    this.#init = init
  }

  get state(): CourierState {
    return this.#state
  }

  /** The number of the last record that the sink has. */
  get delivered(): number {
    return this.#delivered
  }

  /** Records that the sink has refused for good. */
  get rejected(): number {
    return this.#rejected
  }

  /** What keeps the sink from getting more; undefined while nothing does. */
  get problem(): string | undefined {
    return this.#problem
  }

  get sink(): DeltaSink {
    return this.#init.sink
  }

  start(): void {
    this.#running = this.#run().catch((error: unknown) => {
      const { sink, log } = this.#init
      this.#problem = (error as Error).message
      this.#state = 'blocked'
      log.error({ err: error, sink: sink.name }, 'records can no longer be delivered to a sink')
    })
  }

  /**
   * Stops once the queue is closed and its records are delivered, or at the deadline, by
   * `performance.now()`. The rest stays where it is.
   */
  async close(deadline: number): Promise<void> {
    const time = Math.max(0, deadline - performance.now())
    const expired = setTimeout(time, undefined, { signal: this.#abort.signal }).catch(() => {})
    await Promise.race([this.#running, expired])
    this.#abort.abort()
    await this.#running
    await this.#init.sink.close()
  }

  async #run(): Promise<void> {
    const { sink, queue, source } = this.#init
    let place: number | undefined
    const opened = await this.#persist(async () => {
      place = await sink.open(source)
    })
    if (!opened) return
    this.#remembersPlace = place === undefined
    this.#delivered = place ?? (await this.#readPlace())
    this.#init.onDelivered()
    const { signal } = this.#abort
    let batch: NumberedDelta[] = []
    for await (const { first, count, body } of queue.follow(this.#delivered + 1, signal)) {
      const reader = new DeltaReader(body)
      for (let index = 0; index < count; index++) {
        const delta = { ...reader.read(), seq: first + index }
        if (delta.seq > this.#delivered) batch.push(delta)
      }
      while (batch.length > 0) {
        const part = batch.slice(0, sink.batch)
        batch = batch.slice(sink.batch)
        // oxlint-disable-next-line no-await-in-loop
        await this.#deliver(part)
        if (signal.aborted) return
      }
    }
  }

  async #deliver(deltas: readonly NumberedDelta[]): Promise<void> {
    const { sink, source } = this.#init
    const [first] = deltas
    const last = deltas.at(-1)
    if (!first || !last) return
    this.#state = 'writing'
    try {
      const batch = { source, first: first.seq, last: last.seq, deltas }
      if (await this.#persist(() => sink.write(batch))) await this.#arrived(last.seq)
    } catch (error) {
      await this.#divide(deltas, error)
    }
  }

  /** Finds the record that the sink rejects, and delivers the others. */
  async #divide(deltas: readonly NumberedDelta[], error: unknown): Promise<void> {
    const [only] = deltas
    if (deltas.length > 1 || !only) {
      const middle = deltas.length >>> 1
      await this.#deliver(deltas.slice(0, middle))
      if (!this.#abort.signal.aborted) await this.#deliver(deltas.slice(middle))
      return
    }
    const { sink, folder, source, log } = this.#init
    this.#rejected++
    log.error({ err: error, sink: sink.name, seq: only.seq }, 'a sink rejects a record')
    if (folder !== undefined) {
      const { message } = error as Error
      const line = {
        sink: sink.name,
        error: message,
        record: deltaLine(only, sourceName(source)),
      }
      await appendFile(join(folder, 'rejected.ndjson'), `${JSON.stringify(line)}\n`, {
        mode: 0o600,
      })
    }
    await this.#arrived(only.seq)
  }

  async #arrived(seq: number): Promise<void> {
    this.#delivered = seq
    this.#state = 'idle'
    await this.#writePlace()
    this.#init.onDelivered()
  }

  /** Tries until it works, which is true, or the courier stops. @throws when it is rejected. */
  async #persist(work: () => Promise<void>): Promise<boolean> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        await work()
        this.#recovered()
        return true
      } catch (error) {
        const failure = error instanceof SinkError ? error.failure : 'retry'
        if (failure === 'rejected') throw error
        // oxlint-disable-next-line no-await-in-loop
        await this.#wait(failure, error as Error)
      }
    }
    return false
  }

  async #wait(failure: 'retry' | 'blocked', error: Error): Promise<void> {
    const { sink, log } = this.#init
    this.#state = failure === 'blocked' ? 'blocked' : 'waiting'
    if (this.#problem !== error.message) {
      log.warn({ err: error, sink: sink.name, state: this.#state }, 'a sink does not take records')
    }
    this.#problem = error.message
    const backoff = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#attempts++)
    const delay = failure === 'blocked' ? BLOCKED_DELAY : backoff * (0.8 + Math.random() * 0.4)
    await setTimeout(delay, undefined, { signal: this.#abort.signal }).catch(() => {})
  }

  #recovered(): void {
    this.#attempts = 0
    if (this.#problem === undefined) return
    this.#problem = undefined
    this.#init.log.info({ sink: this.#init.sink.name }, 'a sink takes records again')
  }

  get #placeFile(): string | undefined {
    const { folder, sink } = this.#init
    return folder === undefined ? undefined : join(folder, `place-${sink.name}.json`)
  }

  /** The place of a sink that does not know it itself. */
  async #readPlace(): Promise<number> {
    const file = this.#placeFile
    if (file === undefined) return 0
    try {
      const { source, seq } = JSON.parse(await readFile(file, 'utf8')) as Place
      return source === sourceName(this.#init.source) ? seq : 0
    } catch {
      return 0
    }
  }

  async #writePlace(): Promise<void> {
    const file = this.#placeFile
    if (!this.#remembersPlace || file === undefined) return
    const place: Place = { source: sourceName(this.#init.source), seq: this.#delivered }
    await writeFile(`${file}.new`, JSON.stringify(place), { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
}

interface Place {
  readonly source: string
  readonly seq: number
}

function sourceName(source: Uint8Array): string {
  return Buffer.from(source).toString('hex')
}

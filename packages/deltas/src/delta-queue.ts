import { setTimeout } from 'node:timers/promises'
import { DeltaReader, encodeDelta, MAX_RECORD_LENGTH } from './delta-codec.ts'
import { byteString } from '@chihaya/bittorrent'
import { mergeDeltas, type Delta } from './delta.ts'
import type { Frame } from './spool/frame.ts'
import type { Spool, SpoolLog } from './spool/spool.ts'

/** Bytes of a frame beyond which the next one begins. */
const FRAME_BYTES = 256 * 1024
/** Bytes of the latest frames kept in memory, so that sinks that keep up never read the spool. */
const TAIL_BYTES = 8 * 2 ** 20

export interface DeltaQueueOptions {
  /** Where records are kept; without one they are in memory alone. */
  readonly spool?: Spool | undefined
  /** Milliseconds for which records are gathered before they are written together. */
  readonly flushInterval: number
  /** Records that are written without waiting any longer. */
  readonly flushRecords: number
  /** Records in memory from three quarters of which on they are merged. */
  readonly capacity: number
  /** Bytes of the spool from which on records are merged in memory. */
  readonly spoolLimit: number
  /** Milliseconds between attempts to write again. */
  readonly probeInterval: number
  readonly log: SpoolLog & { info(details: object, message: string): void }
}

/** Frames that are full, or old enough, and not written. */
interface Unwritten {
  readonly body: Buffer
  readonly count: number
}

/**
 * Takes records without ever waiting, and hands them to sinks in order once they are on disk.
 *
 * While that works, each record is kept as it came. When the disk is full or fails, or sinks without
 * a spool fall behind, the records of each session are merged into one instead: memory is then
 * bounded by the number of sessions, and no sum is lost.
 */
export class DeltaQueue {
  readonly #options: DeltaQueueOptions
  readonly #open: Buffer = Buffer.allocUnsafe(FRAME_BYTES + MAX_RECORD_LENGTH)
  readonly #view = new DataView(this.#open.buffer, this.#open.byteOffset, this.#open.length)
  #end = 0
  #count = 0
  #unwritten: Unwritten[] = []
  #unwrittenRecords = 0
  #merged: Map<string, Delta> | undefined
  /** The latest frames, as they were written. */
  #tail: Frame[] = []
  #tailBytes = 0
  #next: number
  #acknowledged: number
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #waiting: Array<() => void> = []
  #closed = false

  constructor(options: DeltaQueueOptions) {
    this.#options = options
    this.#next = options.spool?.next ?? 1
    this.#acknowledged = (options.spool?.first ?? 1) - 1
  }

  get state(): 'spooling' | 'merging' {
    return this.#merged ? 'merging' : 'spooling'
  }

  /** Records that have not been written. */
  get pending(): number {
    return this.#count + this.#unwrittenRecords
  }

  /** Sessions whose records are merged, as they cannot be written. */
  get merged(): number {
    return this.#merged?.size ?? 0
  }

  /** The number that the next record gets which is written. */
  get next(): number {
    return this.#next
  }

  /** Takes a record. Never waits, and never fails. */
  push(delta: Delta): void {
    if (this.#merged) {
      mergeInto(this.#merged, delta)
      return
    }
    this.#end = encodeDelta(delta, this.#view, this.#open, this.#end)
    this.#count++
    if (this.#count >= this.#options.flushRecords || this.#end >= FRAME_BYTES) this.#seal()
    else this.#timer ??= globalThis.setTimeout(() => this.#seal(), this.#options.flushInterval)
    if (this.#backlog >= this.#options.capacity * 0.75) this.#beginMerging('it is behind')
  }

  /**
   * Frames with records from `from` on. Waits for those to come, and ends once the queue is closed
   * and all have been read, or at once by the signal.
   */
  async *follow(from: number, signal?: AbortSignal): AsyncGenerator<Frame> {
    signal?.addEventListener('abort', () => this.#wake(), { once: true })
    for (let next = from; ;) {
      const frames = this.#framesInMemory(next)
      if (frames) {
        for (const frame of frames) {
          yield frame
          next = frame.first + frame.count
        }
        if (next < this.#next) continue
        if (this.#closed || signal?.aborted) return
        // oxlint-disable-next-line no-await-in-loop
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
        continue
      }
      const before = next
      for await (const frame of this.#options.spool?.read(next) ?? []) {
        yield frame
        next = frame.first + frame.count
      }
      // Damaged records are passed over.
      if (next === before) next = this.#tail[0]?.first ?? this.#next
    }
  }

  /** Notes that every durable sink has the records up to `seq`. */
  acknowledge(seq: number): void {
    if (seq <= this.#acknowledged) return
    this.#acknowledged = seq
    this.#trimTail()
    void this.#options.spool?.release(seq + 1).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'a segment of the spool cannot be deleted')
    })
  }

  /** Writes all records as far as that is possible, and lets those who follow come to an end. */
  async close(): Promise<void> {
    this.#seal()
    while (this.#writing) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#writing
    }
    if (this.#merged && !(await this.#writeMerged(this.#merged))) {
      const lost = this.#merged.size
      this.#options.log.warn({ sessions: lost }, 'records could not be written before the end')
    }
    this.#closed = true
    this.#wake()
  }

  /** Records that have to fit into memory. */
  get #backlog(): number {
    if (this.#options.spool) return this.pending
    return this.pending + this.#next - 1 - this.#acknowledged
  }

  #seal(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#count === 0) return
    this.#unwritten.push({
      body: Buffer.from(this.#open.subarray(0, this.#end)),
      count: this.#count,
    })
    this.#unwrittenRecords += this.#count
    this.#count = 0
    this.#end = 0
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  async #write(): Promise<void> {
    for (let frame = this.#unwritten.shift(); frame; frame = this.#unwritten.shift()) {
      // oxlint-disable-next-line no-await-in-loop
      const written = await this.#append(frame.body, frame.count)
      if (!written) {
        this.#unwritten.unshift(frame)
        this.#beginMerging('it cannot be written to')
        return
      }
      this.#unwrittenRecords -= frame.count
    }
  }

  /** Whether the records are where sinks can read them. */
  async #append(body: Buffer, count: number): Promise<boolean> {
    const { spool, spoolLimit, log } = this.#options
    if (spool) {
      if (spool.bytes + body.length > spoolLimit) return false
      try {
        await spool.append(body, count)
      } catch (error) {
        log.warn({ err: error }, 'the spool cannot be written to')
        return false
      }
    }
    this.#tail.push({ first: this.#next, count, body })
    this.#tailBytes += body.length
    this.#next += count
    this.#trimTail()
    this.#wake()
    return true
  }

  #beginMerging(reason: string): void {
    if (this.#merged) return
    const merged = new Map<string, Delta>()
    this.#seal()
    for (const { body, count } of this.#unwritten.splice(0)) {
      const reader = new DeltaReader(body)
      for (let index = 0; index < count; index++) mergeInto(merged, reader.read())
      this.#unwrittenRecords -= count
    }
    this.#merged = merged
    this.#options.log.warn({ reason }, 'records are merged in memory')
    void this.#endMerging()
  }

  /** Tries again and again to write what has been merged. */
  async #endMerging(): Promise<void> {
    while (this.#merged && !this.#closed) {
      // oxlint-disable-next-line no-await-in-loop
      await setTimeout(this.#options.probeInterval, undefined, { ref: false })
      // oxlint-disable-next-line no-await-in-loop
      await this.#writing
      const merged = this.#merged
      const behind = !this.#options.spool && this.#backlog > this.#options.capacity / 4
      // oxlint-disable-next-line no-await-in-loop
      if (!merged || behind || !(await this.#writeMerged(merged))) continue
      this.#merged = undefined
      this.#options.log.info({}, 'records are written again')
    }
  }

  /** Writes merged records, and forgets those that are written. Returns whether all are. */
  async #writeMerged(merged: Map<string, Delta>): Promise<boolean> {
    while (merged.size > 0) {
      const bytes = Buffer.allocUnsafe(FRAME_BYTES + MAX_RECORD_LENGTH)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      const batch: Array<[string, Delta]> = []
      let end = 0
      for (const entry of merged) {
        if (end >= FRAME_BYTES) break
        end = encodeDelta(entry[1], view, bytes, end)
        batch.push(entry)
      }
      // Records that come while this is written must not be merged into what is.
      for (const [key] of batch) merged.delete(key)
      // oxlint-disable-next-line no-await-in-loop
      if (await this.#append(bytes.subarray(0, end), batch.length)) continue
      for (const [key, earlier] of batch) {
        const later = merged.get(key)
        merged.set(key, later ? mergeDeltas(earlier, later) : earlier)
      }
      return false
    }
    return true
  }

  /** Frames from `from` on, if none of them is on disk alone. */
  #framesInMemory(from: number): Frame[] | undefined {
    const first = this.#tail[0]?.first ?? this.#next
    if (from < first) return undefined
    return this.#tail.filter((frame) => frame.first + frame.count > from)
  }

  #trimTail(): void {
    const { spool } = this.#options
    for (;;) {
      const [oldest] = this.#tail
      if (!oldest) return
      const acknowledged = oldest.first + oldest.count - 1 <= this.#acknowledged
      if (!acknowledged && !(spool && this.#tailBytes > TAIL_BYTES)) return
      this.#tail.shift()
      this.#tailBytes -= oldest.body.length
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

function mergeInto(merged: Map<string, Delta>, delta: Delta): void {
  const key = keyOf(delta)
  const earlier = merged.get(key)
  merged.set(key, earlier ? mergeDeltas(earlier, delta) : delta)
}

/** Records of one session have the same key; so have those of one torrent, or of one token. */
function keyOf({ type, user, torrent, peer }: Delta): string {
  const session = type === 'announce' || type === 'expire'
  return `${session ? 'session' : type} ${user} ${torrent} ${peer ? byteString(peer) : ''}`
}

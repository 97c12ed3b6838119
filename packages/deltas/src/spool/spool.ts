import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { FolderLock } from './folder-lock.ts'
import { encodeFrame, type Frame } from './frame.ts'
import {
  createSegment,
  cutSegment,
  firstOfSegment,
  readSegment,
  SEGMENT_HEAD,
  segmentName,
  SOURCE_LENGTH,
} from './segment.ts'

const SEGMENT_BYTES = 64 * 2 ** 20

export interface SpoolLog {
  warn(details: object, message: string): void
}

export interface SpoolOptions {
  readonly folder: string
  /** Bytes of a segment after which the next one begins. */
  readonly segmentBytes?: number
  readonly log: SpoolLog
}

interface Segment {
  readonly name: string
  readonly first: number
  bytes: number
}

/**
 * Records on disk, in the order of their numbers, until every sink has them. Frames are appended to
 * segments, which are deleted from the front. One process has the folder at a time.
 */
export class Spool {
  readonly #folder: string
  readonly #segmentBytes: number
  readonly #log: SpoolLog
  readonly #lock: FolderLock
  #source: Buffer
  #segments: Segment[]
  #file: FileHandle | undefined
  #next: number

  private constructor(
    options: SpoolOptions,
    lock: FolderLock,
    source: Buffer,
    segments: Segment[],
    next: number,
  ) {
    this.#folder = options.folder
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES
    this.#log = options.log
    this.#lock = lock
    this.#source = source
    this.#segments = segments
    this.#next = next
  }

  /**
   * Opens a folder, which is made where it is missing. What was written in part is cut.
   * @throws {FolderInUse} when another process has it, or what the system says.
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { folder, log } = options
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const lock = await FolderLock.acquire(folder)
    try {
      const segments = await findSegments(folder)
      const last = segments.at(-1)
      if (!last) return new Spool(options, lock, randomBytes(SOURCE_LENGTH), [], 1)
      const content = await readSegment(folder, last.name)
      if (content.source === undefined) {
        // Not one record can be in it: the head is on disk before the first frame.
        log.warn({ file: last.name }, 'the spool sets a file aside that is no segment')
        await rename(join(folder, last.name), join(folder, `${last.name}.bad`))
        await lock.release()
        return await Spool.open(options)
      }
      if (content.sound < content.length) {
        const cut = content.length - content.sound
        log.warn(
          { file: last.name, bytes: cut },
          'the spool cuts a record that was written in part',
        )
        await cutSegment(folder, last.name, content.sound)
        last.bytes = content.sound
      }
      const frame = content.frames.at(-1)
      const next = frame ? frame.first + frame.count : last.first
      return new Spool(options, lock, Buffer.from(content.source), segments, next)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** 16 bytes that name the sequence of records: numbers are unique within it. */
  get source(): Buffer {
    return this.#source
  }

  /** The number that the next record gets. */
  get next(): number {
    return this.#next
  }

  /** The number of the oldest record that may still be here. */
  get first(): number {
    return this.#segments[0]?.first ?? this.#next
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /**
   * Appends records, which are on disk when this resolves. One call at a time.
   * @throws what the system says; then none of them counts as written, and a later call may succeed.
   */
  async append(body: Buffer, count: number): Promise<void> {
    const frame = encodeFrame({ first: this.#next, count, body })
    const segment = await this.#segment()
    const file = (this.#file ??= await open(join(this.#folder, segment.name), 'r+'))
    try {
      await writeAll(file, frame, segment.bytes)
      await file.datasync()
    } catch (error) {
      // Cut what may be there of it, so that the next frame does not follow half a frame.
      await file.truncate(segment.bytes).catch(() => undefined)
      throw error
    }
    segment.bytes += frame.length
    this.#next += count
  }

  /**
   * Frames with records from `from` on, oldest first, as far as they are on disk now. A frame that
   * is damaged is reported, and what follows it in its segment is left out.
   */
  async *read(from: number): AsyncGenerator<Frame> {
    for (const [index, segment] of this.#segments.entries()) {
      const following = this.#segments[index + 1]
      if (following && following.first <= from) continue
      // oxlint-disable-next-line no-await-in-loop
      const { frames, sound } = await readSegment(this.#folder, segment.name)
      for (const frame of frames) if (frame.first + frame.count > from) yield frame
      if (following && sound < segment.bytes) {
        this.#log.warn({ file: segment.name, at: sound }, 'the spool skips a damaged record')
      }
    }
  }

  /** Deletes the segments in which all records are below `seq`. */
  async release(seq: number): Promise<void> {
    while ((this.#segments[1]?.first ?? Infinity) <= seq) {
      const [segment] = this.#segments.splice(0, 1)
      // oxlint-disable-next-line no-await-in-loop
      if (segment) await unlink(join(this.#folder, segment.name))
    }
  }

  /** Puts all segments aside and begins anew, with another source and the number 1. */
  async restart(): Promise<void> {
    await this.#closeFile()
    const aside = join(this.#folder, `set-aside-${this.#source.toString('hex')}`)
    await mkdir(aside, { recursive: true })
    for (const { name } of this.#segments) {
      // oxlint-disable-next-line no-await-in-loop
      await rename(join(this.#folder, name), join(aside, name))
    }
    this.#segments = []
    this.#source = randomBytes(SOURCE_LENGTH)
    this.#next = 1
  }

  async close(): Promise<void> {
    await this.#closeFile()
    await this.#lock.release()
  }

  /** The segment that the next frame goes into. */
  async #segment(): Promise<Segment> {
    const last = this.#segments.at(-1)
    if (last && last.bytes < this.#segmentBytes) return last
    const segment = { name: segmentName(this.#next), first: this.#next, bytes: SEGMENT_HEAD }
    await createSegment(this.#folder, segment.name, this.#source)
    await this.#closeFile()
    this.#segments.push(segment)
    return segment
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}

async function findSegments(folder: string): Promise<Segment[]> {
  const names = await readdir(folder)
  const segments = names.flatMap((name) => {
    const first = firstOfSegment(name)
    return first === undefined ? [] : [{ name, first }]
  })
  const sized = segments.map(async ({ name, first }) => {
    const { size } = await stat(join(folder, name))
    return { name, first, bytes: size }
  })
  return (await Promise.all(sized)).toSorted((one, other) => one.first - other.first)
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    // oxlint-disable-next-line no-await-in-loop
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, at + written)
    written += bytesWritten
  }
}

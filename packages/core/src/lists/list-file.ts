import { watch, type FSWatcher } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TRK_ERR_LIST } from '../errors.ts'
import type { Log } from '../log.ts'
import { EntryError, readEntries } from './read-entries.ts'

/** Milliseconds without a change before a file is read, as it may still be written. */
const SETTLE = 100
const POLL = 5000

/** Any list. */
export interface AnyList {
  /** The number of entries. */
  readonly size: number
}

/** How entries become a list for look-ups. */
export interface ListFormat<List extends AnyList> {
  /** Creates an empty list. `bytes` is the length of its file; 0 without one. */
  create(bytes: number): List
  /**
   * Adds the entry in the bytes from `start` up to `end`. The rest of the line, up to `lineEnd`,
   * looks like a comment, but is part of the entry in some formats.
   * @throws {RangeError} describing what is wrong.
   */
  add(list: List, bytes: Uint8Array, start: number, end: number, lineEnd?: number): void
  /** Prepares the list for look-ups, after the last entry. */
  finish?(list: List): Promise<void>
}

export interface ListFileInit<List extends AnyList> {
  /** Relative to the working directory. */
  readonly path: string
  readonly format: ListFormat<List>
  readonly log: Pick<Log, 'info' | 'error'>
  /**
   * Milliseconds between two checks of a file without change notifications. A file must also stay
   * empty that long before it is read as empty: a shell truncates a file before a command writes to
   * it. @default 5000
   */
  readonly pollInterval?: number
}

/**
 * A list in a file, one entry a line. It is read again as a whole when the file changes. If the
 * file cannot be read or has a wrong line, the list stays as it was.
 */
export class ListFile<List extends AnyList> {
  readonly #path: string
  readonly #format: ListFormat<List>
  readonly #log: Pick<Log, 'info' | 'error'>
  readonly #pollInterval: number
  readonly #closing = new AbortController()
  #list: List
  #listener: () => void = () => undefined
  /** Identifies the contents that were read last. */
  #stamp = ''
  #noticed = false
  #following: Promise<void> | undefined
  #watcher: FSWatcher | undefined
  #poll: NodeJS.Timeout | undefined

  private constructor({ path, format, log, pollInterval = POLL }: ListFileInit<List>) {
    this.#path = resolve(path)
    this.#format = format
    this.#log = log
    this.#pollInterval = pollInterval
    this.#list = format.create(0)
  }

  /** Reads a file the first time. @throws TRK_ERR_LIST naming file, line and cause. */
  static async read<List extends AnyList>(init: ListFileInit<List>): Promise<ListFile<List>> {
    const file = new ListFile(init)
    file.#list = await file.#read()
    return file
  }

  /** The list as last read. */
  get list(): List {
    return this.#list
  }

  /** Calls a function whenever a new list has replaced the former one. */
  onChange(listener: () => void): void {
    this.#listener = listener
  }

  /** Starts to follow the file. Does not keep the process alive. */
  watch(): void {
    this.#poll = setInterval(this.#notice, this.#pollInterval).unref()
    try {
      // Watches the folder: a watcher of the file would miss a replacement by rename.
      this.#watcher = watch(dirname(this.#path), { persistent: false }, this.#notice)
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // No watcher is available. Polling notices changes as well, only later.
    }
    this.#notice()
  }

  /** Stops following the file. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#watcher?.close()
    clearInterval(this.#poll)
    await this.#following
  }

  readonly #notice = (): void => {
    this.#noticed = true
    this.#following ??= this.#follow().finally(() => (this.#following = undefined))
  }

  /** Reads the file until no further change has been noticed. */
  async #follow(): Promise<void> {
    const { signal } = this.#closing
    try {
      while (this.#noticed && !signal.aborted) {
        this.#noticed = false
        const { stamp, isEmpty } = await lookAt(this.#path)
        const isNew = stamp !== this.#stamp
        // Also limits how often other changes in the folder cause a check.
        await sleep(isNew && isEmpty ? this.#pollInterval : SETTLE, undefined, {
          ref: false,
          signal,
        })
        if (!isNew) continue
        if ((await lookAt(this.#path)).stamp === stamp) await this.#readAgain(stamp)
        else this.#noticed = true
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #readAgain(stamp: string): Promise<void> {
    this.#stamp = stamp
    let list: List | undefined
    let failure: unknown
    try {
      list = await this.#read()
    } catch (error) {
      failure = error
    }
    if (this.#closing.signal.aborted) return
    // A file that changed while it was read may be neither the old nor the new list.
    if ((await lookAt(this.#path)).stamp !== this.#stamp) this.#noticed = true
    else if (list === undefined)
      this.#log.error(
        { err: failure, file: this.#path },
        'cannot read a list, so it stays as it was',
      )
    else {
      this.#list = list
      this.#log.info({ file: this.#path, entries: list.size }, 'a list has changed')
      this.#listener()
    }
  }

  async #read(): Promise<List> {
    try {
      const handle = await open(this.#path)
      try {
        const stats = await handle.stat({ bigint: true })
        this.#stamp = stampOf(stats)
        const list = this.#format.create(Number(stats.size))
        const add = (bytes: Uint8Array, start: number, end: number, lineEnd: number): void =>
          this.#format.add(list, bytes, start, end, lineEnd)
        await readEntries(handle, add, this.#closing.signal)
        await this.#format.finish?.(list)
        return list
      } finally {
        await handle.close()
      }
    } catch (error) {
      const { syscall, message } = error as NodeJS.ErrnoException
      if (error instanceof EntryError)
        throw new TRK_ERR_LIST(`${this.#path}:${error.line}`, message)
      throw syscall === undefined ? error : new TRK_ERR_LIST(this.#path, message)
    }
  }
}

interface FileStats {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: FileStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

async function lookAt(path: string): Promise<{ stamp: string; isEmpty: boolean }> {
  try {
    const stats = await stat(path, { bigint: true })
    return { stamp: stampOf(stats), isEmpty: stats.size === 0n }
  } catch (error) {
    return { stamp: String((error as NodeJS.ErrnoException).code), isEmpty: false }
  }
}

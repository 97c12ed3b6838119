import { randomBytes } from 'node:crypto'
import { infoHashFrom, type InfoHash } from '@chihaya/bittorrent'
import type { Link } from './connection.ts'

/** Milliseconds between two attempts. */
const INTERVAL = 1000

/**
 * Finds out whether Redis takes writes, where no announce tells: when asked, and once in a while as
 * long as it refuses them. It writes beside the keys of the torrent for which a write has failed,
 * as another node of a cluster would say nothing.
 */
export class WriteProbe {
  readonly #link: Link
  readonly #write: (infoHash: InfoHash) => Promise<unknown>
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** `write` enters and removes a peer that nobody sees, on the node that holds the torrent. */
  constructor(link: Link, write: (infoHash: InfoHash) => Promise<unknown>) {
    this.#link = link
    this.#write = write
  }

  /** Writes now. Rejects with a `Fault`. */
  async attempt(): Promise<void> {
    await this.#write(
      (this.#link.health.writesFail ? this.#link.failedAt : undefined) ?? anyInfoHash(),
    )
    // In a cluster this success alone ends a fault of writes.
    this.#link.health.succeeded(true)
  }

  /** Makes attempts until one succeeds. */
  watch(): void {
    if (this.#closed) return
    this.#timer ??= setTimeout(() => void this.#retry(), INTERVAL).unref()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #retry(): Promise<void> {
    // The link takes note of a failure.
    if (this.#link.health.writesFail && this.#link.isOpen) await this.attempt().catch(() => {})
    this.#timer = undefined
    if (this.#link.health.writesFail) this.watch()
  }
}

function anyInfoHash(): InfoHash {
  return infoHashFrom(randomBytes(20).toString('latin1')) as InfoHash
}

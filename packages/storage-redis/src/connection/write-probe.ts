import { randomBytes } from 'node:crypto'
import { infoHashFrom, type InfoHash } from '@chihaya/bittorrent'
import type { Connection } from './connection.ts'

/** Milliseconds between two attempts. */
const INTERVAL = 1000

/**
 * Tests whether Redis accepts writes, without an announce: on request, and once a second while
 * writes fail. It writes next to the keys of the torrent that failed last, because another node of
 * a cluster would prove nothing.
 */
export class WriteProbe {
  readonly #connection: Connection
  readonly #write: (infoHash: InfoHash) => Promise<unknown>
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** `write` adds and removes an invisible peer, on the node that holds the torrent. */
  constructor(connection: Connection, write: (infoHash: InfoHash) => Promise<unknown>) {
    this.#connection = connection
    this.#write = write
  }

  /** Writes now. Rejects with a `Fault`. */
  async attempt(): Promise<void> {
    const { health, failedAt } = this.#connection
    await this.#write((health.writesFail ? failedAt : undefined) ?? anyInfoHash())
    // In a cluster only this success ends a fault of writes.
    health.succeeded(true)
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
    const { health, isOpen } = this.#connection
    // The connection records a failure.
    if (health.writesFail && isOpen) await this.attempt().catch(() => {})
    this.#timer = undefined
    if (health.writesFail) this.watch()
  }
}

function anyInfoHash(): InfoHash {
  return infoHashFrom(randomBytes(20).toString('latin1')) as InfoHash
}

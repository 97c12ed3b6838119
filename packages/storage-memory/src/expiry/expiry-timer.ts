import type { MemoryPeerStore } from '../memory-peer-store.ts'

/**
 * Milliseconds of expiry at a time, and between two times: nobody waits for it, and it never takes
 * more than a tenth.
 */
const SLICE = 0.5
const PAUSE = 5

/** Walks over a store for peers past their lifetime, one walk an interval, a slice at a time. */
export class ExpiryTimer {
  readonly #store: MemoryPeerStore
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined
  #began = 0

  /** `interval` in milliseconds, from the beginning of one walk to that of the next. */
  constructor(store: MemoryPeerStore, interval: number) {
    this.#store = store
    this.#interval = interval
  }

  start(): void {
    this.#wait(this.#interval)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#begin(), milliseconds).unref()
  }

  #begin(): void {
    this.#began = performance.now()
    this.#slice()
  }

  #slice(): void {
    if (this.#store.expire(SLICE))
      this.#wait(Math.max(PAUSE, this.#began + this.#interval - performance.now()))
    else this.#timer = setTimeout(() => this.#slice(), PAUSE).unref()
  }
}

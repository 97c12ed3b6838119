import type { MemoryPeerStore } from '../memory-peer-store.ts'

/**
 * Milliseconds of a slice of expiry, and of the pause between slices: expiry never takes more than
 * a tenth of the time.
 */
const SLICE = 0.5
const PAUSE = 5

/** Searches a store for expired peers, once an interval, a slice at a time. */
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

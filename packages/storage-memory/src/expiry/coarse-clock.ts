const REFRESH = 1000

/**
 * A clock that is free to read and at most a second late. The store's ticks are no finer, and a
 * system clock read takes a tenth of an announce.
 */
export class CoarseClock {
  #time: number = performance.now()
  #timer: NodeJS.Timeout | undefined

  /** Milliseconds that never go back. */
  readonly now = (): number => this.#time

  start(): void {
    this.#timer = setInterval(() => {
      this.#time = performance.now()
    }, REFRESH).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

const REFRESH = 1000

/**
 * A clock that is read for free, at most a second late: the store's ticks are no finer, and asking
 * the system with every announce costs a tenth of it.
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

/**
 * Whole seconds since 1970 that never go back and never jump: the wall clock as it was at the start,
 * and the time that has passed since. Accounts would otherwise pay for a clock that is set.
 */
export class WallClock {
  readonly #startedAt = Date.now() - performance.now()

  now(): number {
    return Math.floor((this.#startedAt + performance.now()) / 1000)
  }
}

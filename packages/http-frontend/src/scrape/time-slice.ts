import { setImmediate } from 'node:timers/promises'

/** Milliseconds that long work may block the event loop. */
const SLICE = 2

/** Splits long work over turns of the event loop. */
export class TimeSlice {
  #begun = performance.now()

  /** Whether it is time to yield. */
  isOver(): boolean {
    return performance.now() - this.#begun >= SLICE
  }

  /** Waits for the next turn. */
  async next(): Promise<void> {
    await setImmediate()
    this.#begun = performance.now()
  }
}

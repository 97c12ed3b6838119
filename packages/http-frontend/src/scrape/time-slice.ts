import { setImmediate } from 'node:timers/promises'

/** Milliseconds that long work may keep the event loop from requests. */
const SLICE = 2

/** Divides long work into turns of the event loop. */
export class TimeSlice {
  #begun = performance.now()

  /** Whether it is time to let others have their turn. */
  isOver(): boolean {
    return performance.now() - this.#begun >= SLICE
  }

  /** Waits for the next turn. */
  async next(): Promise<void> {
    await setImmediate()
    this.#begun = performance.now()
  }
}

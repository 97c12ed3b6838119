import { LONGEST_TIMER } from '../options/duration.ts'

/** Counts pending work, such as replies, so that closing can wait for it. */
export class Pending {
  readonly #limit: number
  #count = 0
  #waiting: Array<() => void> = []

  /** @param limit the number at which `full` becomes true. */
  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit
  }

  get count(): number {
    return this.#count
  }

  /** Whether no more work should begin. */
  get full(): boolean {
    return this.#count >= this.#limit
  }

  begin(): void {
    this.#count++
  }

  end(): void {
    if (--this.#count > 0 || this.#waiting.length === 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Waits until nothing is pending, or until `deadline`, by `performance.now()`. */
  async idle(deadline: number = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#count === 0) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      if (deadline === Number.POSITIVE_INFINITY) return
      const timeout = Math.min(Math.max(deadline - performance.now(), 0), LONGEST_TIMER)
      timer = setTimeout(resolve, timeout)
    })
    clearTimeout(timer)
  }
}

// What a timer can wait.
const LONGEST = 0x7fff_ffff

/** Counts replies that are on their way, so that whoever closes can wait for them. */
export class PendingReplies {
  #count = 0
  #idle: (() => void) | undefined

  get count(): number {
    return this.#count
  }

  begin(): void {
    this.#count++
  }

  end(): void {
    if (--this.#count === 0) this.#idle?.()
  }

  /** Waits until there are none, or until `deadline`, by `performance.now()`. */
  async settled(deadline: number): Promise<void> {
    if (this.#count === 0) return
    const timeout = Math.min(Math.max(deadline - performance.now(), 0), LONGEST)
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#idle = resolve
      timer = setTimeout(resolve, timeout)
    })
    clearTimeout(timer)
  }
}

// A hook or store that stands still must not have memory fill up with what waits for it. Many times
// what those that do not need.
const MOST = 20_000
// What a timer can wait.
const LONGEST = 0x7fff_ffff

/** Counts replies that are on their way, so that whoever closes can wait for them. */
export class PendingReplies {
  readonly #most: number
  #count = 0
  #idle: (() => void) | undefined

  /** `most`: how many there may be for more to be taken on. */
  constructor(most: number = MOST) {
    this.#most = most
  }

  get count(): number {
    return this.#count
  }

  /** Whether there are so many that no request is to be taken on. */
  get full(): boolean {
    return this.#count >= this.#most
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

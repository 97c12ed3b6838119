/**
 * Runs a task again and again, never two at a time. Asked while it runs, it runs once more
 * afterwards, however often it was asked: what is asked for is the state of the world after the
 * last time.
 */
export class OneAtATime {
  readonly #task: () => Promise<void>
  #running: Promise<void> | undefined
  #again = false
  #stopped = false

  /** `task` must not reject. */
  constructor(task: () => Promise<void>) {
    this.#task = task
  }

  ask(): void {
    if (this.#stopped) return
    this.#again = true
    this.#running ??= this.#run()
  }

  /** Runs no more, and waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#again = false
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false
      // oxlint-disable-next-line no-await-in-loop
      await this.#task()
    }
    this.#running = undefined
  }
}

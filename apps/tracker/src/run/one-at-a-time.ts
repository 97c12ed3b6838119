/**
 * Runs a task on demand, never twice at a time. Any number of calls during a run cause one further
 * run, since only the state after the last call matters.
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

  /** Ends the current run, and allows no further one. */
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

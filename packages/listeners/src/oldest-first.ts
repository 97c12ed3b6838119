/** A queue from whose middle anything can be taken, at the same cost as its oldest. */
export class OldestFirst<T> {
  readonly #items = new Set<T>()
  // One walk for all of its life: each new one would have to pass over everything that has been
  // deleted before.
  #walk: Iterator<T> | undefined

  add(item: T): void {
    this.#items.add(item)
  }

  delete(item: T): void {
    this.#items.delete(item)
  }

  /** Takes out the one that was added first. */
  take(): T | undefined {
    const { done, value } = (this.#walk ??= this.#items.values()).next()
    if (done) {
      // A walk that has come to the end does not see what is added later.
      this.#walk = undefined
      return this.#items.size === 0 ? undefined : this.take()
    }
    this.#items.delete(value)
    return value
  }
}

/** A queue from which any item can be removed at constant cost. */
export class OldestFirst<T> {
  readonly #items = new Set<T>()
  // One iterator is kept: a new one would have to pass over everything deleted before.
  #walk: Iterator<T> | undefined

  add(item: T): void {
    this.#items.add(item)
  }

  delete(item: T): void {
    this.#items.delete(item)
  }

  /** Removes the item that was added first. */
  take(): T | undefined {
    const { done, value } = (this.#walk ??= this.#items.values()).next()
    if (done) {
      // An iterator at its end does not see later additions.
      this.#walk = undefined
      return this.#items.size === 0 ? undefined : this.take()
    }
    this.#items.delete(value)
    return value
  }
}

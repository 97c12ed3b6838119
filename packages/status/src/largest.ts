/** The `limit` largest of many values: a heap with the smallest at its root. */
export class Largest<T> {
  readonly #limit: number
  readonly #sizes: number[] = []
  readonly #values: T[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  add(size: number, value: T): void {
    const { length } = this.#sizes
    if (length < this.#limit) this.#raise(length, size, value)
    else if (size > (this.#sizes[0] as number)) this.#sink(size, value)
  }

  /** In descending order. */
  sorted(): T[] {
    const order = this.#values.map((value, index) => ({
      value,
      size: this.#sizes[index] as number,
    }))
    return order.sort((a, b) => b.size - a.size).map(({ value }) => value)
  }

  /** Appends a value and moves it up past larger ones. */
  #raise(end: number, size: number, value: T): void {
    let at = end
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((this.#sizes[parent] as number) <= size) break
      this.#move(parent, at)
      at = parent
    }
    this.#set(at, size, value)
  }

  /** Replaces the root and moves the new value down past smaller ones. */
  #sink(size: number, value: T): void {
    const { length } = this.#sizes
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      if (child + 1 < length && (this.#sizes[child + 1] as number) < (this.#sizes[child] as number))
        child++
      if ((this.#sizes[child] as number) >= size) break
      this.#move(child, at)
      at = child
    }
    this.#set(at, size, value)
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#sizes[from] as number, this.#values[from] as T)
  }

  #set(at: number, size: number, value: T): void {
    this.#sizes[at] = size
    this.#values[at] = value
  }
}

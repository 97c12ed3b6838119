/** Pseudo-random numbers that a seed reproduces (xorshift32). */
export class Random {
  #state: number

  constructor(seed: number) {
    // Spread neighbouring seeds. A state of zero would stay zero.
    this.#state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) || 1
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return (state >>> 0) % limit
  }

  /** One of the items, of which there must be at least one. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}

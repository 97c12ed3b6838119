/** Milliseconds: upper bounds of the histogram's buckets. */
const BOUNDS: readonly number[] = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]

export interface Histogram {
  /** Milliseconds: the upper bounds of all buckets but the last, which has none. */
  readonly bounds: readonly number[]
  /** How many were in each bucket, and in no lower one. */
  readonly counts: readonly number[]
  readonly count: number
  /** Milliseconds, over all. */
  readonly sum: number
}

/** How long round trips to Redis took. */
export class RoundTrips {
  readonly #counts: number[] = [...BOUNDS.map(() => 0), 0]
  #count = 0
  #sum = 0

  observe(milliseconds: number): void {
    let bucket = 0
    while (milliseconds > (BOUNDS[bucket] ?? Infinity)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    this.#sum += milliseconds
  }

  /** A copy, that does not change any more. */
  read(): Histogram {
    return { bounds: BOUNDS, counts: [...this.#counts], count: this.#count, sum: this.#sum }
  }
}

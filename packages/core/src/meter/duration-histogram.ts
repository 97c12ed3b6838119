/** A snapshot of a histogram. */
export interface Durations {
  /** Upper bounds in milliseconds of all buckets except the last, which has none. */
  readonly bounds: readonly number[]
  /** Durations in each bucket, not cumulative. */
  readonly counts: readonly number[]
  readonly count: number
  /** Total milliseconds. */
  readonly sum: number
}

/** Upper bounds of Chihaya's histograms in milliseconds: 9.375 × 2ⁿ for n from 0 to 9. */
export const DURATION_BUCKETS: readonly number[] = Array.from(
  { length: 10 },
  (_, index) => 9.375 * 2 ** index,
)

/** A histogram of durations in fixed memory. */
export class DurationHistogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #count = 0
  #sum = 0

  /** `bounds`: milliseconds, ascending. */
  constructor(bounds: readonly number[] = DURATION_BUCKETS) {
    this.#bounds = bounds
    this.#counts = [...bounds.map(() => 0), 0]
  }

  observe(milliseconds: number): void {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && milliseconds > (bounds[bucket] as number)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#count++
    this.#sum += milliseconds
  }

  read(): Durations {
    return { bounds: this.#bounds, counts: [...this.#counts], count: this.#count, sum: this.#sum }
  }
}

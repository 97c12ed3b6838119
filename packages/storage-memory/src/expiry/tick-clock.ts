import { TICK_SHIFT, TICKS } from '../peers/entry.ts'

/**
 * A mark's tick wraps after `TICKS`. A lifetime of half of them leaves expiry the other half for a
 * walk.
 */
const LIFETIME_TICKS = TICKS / 2
const MIN_TICK = 1000

/**
 * Time in the unit of peers' marks: ticks of at least a second, so that a lifetime fits 12 bits.
 * The underlying clock must never go back, which rules out the time of day.
 */
export class TickClock {
  readonly #now: () => number
  /** Milliseconds. */
  readonly #tick: number
  readonly #lifetime: number

  /** `now` and `lifetime` in milliseconds. */
  constructor(now: () => number, lifetime: number) {
    this.#now = now
    this.#tick = Math.max(MIN_TICK, lifetime / (LIFETIME_TICKS - 2))
    this.#lifetime = Math.ceil(lifetime / this.#tick)
  }

  /** The mark of a peer seen now, without flags. */
  mark(): number {
    return (Math.floor(this.#now() / this.#tick) % TICKS) << TICK_SHIFT
  }

  /** Ticks since the clock began. */
  tick(): number {
    return Math.floor(this.#now() / this.#tick)
  }

  /** The first tick at which a peer last seen at `mark` has expired. */
  end(mark: number): number {
    return this.tick() - this.age(mark, this.mark()) + this.#lifetime + 1
  }

  /** Milliseconds within which every mark must be read, before an old one looks new again. */
  get longestWalk(): number {
    return ((TICKS - this.#lifetime) * this.#tick) / 2
  }

  /** Ticks between two marks; flags are ignored. */
  age(mark: number, now: number): number {
    return ((now >>> TICK_SHIFT) - (mark >>> TICK_SHIFT)) & (TICKS - 1)
  }

  /** Whether a peer last seen at `mark` has expired at `now`. */
  isStale(mark: number, now: number): boolean {
    return this.age(mark, now) > this.#lifetime
  }
}

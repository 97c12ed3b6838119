import { TICK_SHIFT, TICKS } from './entry.ts'

/** A mark's tick wraps after `TICKS`; a lifetime of half of them leaves expiry the other half to come round. */
const LIFETIME_TICKS = TICKS / 2
const MIN_TICK = 1000

/**
 * Time as peers' marks hold it: ticks of at least a second, as many of them to a lifetime as fit 13 bits. The clock behind
 * it must never go back, which the time of day does.
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

  /** Ticks between two marks, whatever their flags. */
  age(mark: number, now: number): number {
    return ((now >>> TICK_SHIFT) - (mark >>> TICK_SHIFT)) & (TICKS - 1)
  }

  /** Whether a peer last seen at `mark` is past its lifetime at `now`. */
  isStale(mark: number, now: number): boolean {
    return this.age(mark, now) > this.#lifetime
  }
}

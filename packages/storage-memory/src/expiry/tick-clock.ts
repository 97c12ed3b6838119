import { TICK_SHIFT, TICKS } from '../peers/entry.ts'

/**
 * A mark's tick wraps after `TICKS`; a lifetime of half of them leaves expiry the other half to
 * come round.
 */
const LIFETIME_TICKS = TICKS / 2
const MIN_TICK = 1000

/**
 * Time as peers' marks hold it: ticks of at least a second, as many of them to a lifetime as fit 12
 * bits. The clock behind it must never go back, which the time of day does.
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

  /** The first tick at which a peer last seen at `mark`, in the past, is past its lifetime. */
  end(mark: number): number {
    return this.tick() - this.age(mark, this.mark()) + this.#lifetime + 1
  }

  /** Milliseconds within which every mark must be looked at, lest an old one seem new again. */
  get longestWalk(): number {
    return ((TICKS - this.#lifetime) * this.#tick) / 2
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

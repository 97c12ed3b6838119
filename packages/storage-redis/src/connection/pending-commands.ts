import type { InfoHash } from '@chihaya/bittorrent'
import { TIMED_OUT, type Fault } from './faults.ts'
import type { Effect } from './health.ts'

/** A command for the keys of a torrent, or for others. */
export interface CommandDetails {
  readonly effect: Effect
  readonly infoHash?: InfoHash | undefined
}

interface Flight {
  readonly details: CommandDetails
  /** On the clock of `performance.now()`. */
  readonly deadline: number
  readonly giveUp: (fault: Fault) => void
}

export interface FlightsInit {
  /** Milliseconds until a command is given up. */
  readonly timeout: number
  /** Commands that may be under way at once. */
  readonly limit: number
  /** Makes a fault of what a command is rejected with. */
  readonly faultOf: (error: unknown) => Fault
  /** Is told of every command that is answered, and of the milliseconds that it took. */
  readonly landed: (milliseconds: number, details: CommandDetails) => void
  /** Is told of every command that fails or is given up. */
  readonly lost: (fault: Fault, details: CommandDetails) => void
}

/**
 * Commands under way: so many at a time and so long each. One that is given up still counts until
 * the client lets go of it, so that what waits inside the client is bounded too.
 */
export class Flights {
  readonly #init: FlightsInit
  /** In the order of their deadlines. */
  readonly #waiting = new Set<Flight>()
  #timer: NodeJS.Timeout | undefined
  #size = 0

  constructor(init: FlightsInit) {
    this.#init = init
  }

  get size(): number {
    return this.#size
  }

  get full(): boolean {
    return this.#size >= this.#init.limit
  }

  /**
   * Sends a command and waits for its answer. Rejects with a `Fault`, never with an error of the
   * client's.
   */
  run<Reply>(details: CommandDetails, send: () => Promise<Reply>): Promise<Reply> {
    const { timeout, faultOf, landed, lost } = this.#init
    this.#size++
    return new Promise<Reply>((resolve, reject) => {
      const deadline = performance.now() + timeout
      const flight: Flight = { details, deadline, giveUp: reject }
      this.#waiting.add(flight)
      this.#timer ??= setTimeout(() => this.#check(), timeout).unref()
      const landedNow = (reply: Reply): void => {
        if (!this.#end(flight)) return
        landed(performance.now() - deadline + timeout, details)
        resolve(reply)
      }
      const lostNow = (error: unknown): void => {
        if (!this.#end(flight)) return
        const fault = faultOf(error)
        lost(fault, details)
        reject(fault)
      }
      send().then(landedNow, lostNow)
    })
  }

  /** Gives up everything that waits. */
  close(fault: Fault): void {
    clearTimeout(this.#timer)
    for (const flight of this.#waiting) flight.giveUp(fault)
    this.#waiting.clear()
  }

  /** The client has let go of a command. True when somebody still waited for it. */
  #end(flight: Flight): boolean {
    this.#size--
    return this.#waiting.delete(flight)
  }

  #check(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const flight of this.#waiting) {
      if (flight.deadline > now) {
        this.#timer = setTimeout(() => this.#check(), flight.deadline - now).unref()
        return
      }
      this.#waiting.delete(flight)
      this.#init.lost(TIMED_OUT, flight.details)
      flight.giveUp(TIMED_OUT)
    }
  }
}

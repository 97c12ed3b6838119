import type { InfoHash } from '@chihaya/bittorrent'
import { TIMED_OUT, type Fault } from './faults.ts'
import type { Effect } from './health.ts'

/** What a command does, and to which torrent, if it is about one. */
export interface CommandDetails {
  readonly effect: Effect
  readonly infoHash?: InfoHash | undefined
}

interface PendingCommand {
  readonly details: CommandDetails
  /** On the clock of `performance.now()`. */
  readonly deadline: number
  readonly giveUp: (fault: Fault) => void
}

export interface PendingCommandsInit {
  /** Milliseconds until a command is given up. */
  readonly timeout: number
  /** Commands that may be pending at once. */
  readonly limit: number
  /** Turns the error of a command into a fault. */
  readonly faultOf: (error: unknown) => Fault
  /** Called for every command that is answered, with the milliseconds it took. */
  readonly answered: (milliseconds: number, details: CommandDetails) => void
  /** Called for every command that fails or is given up. */
  readonly failed: (fault: Fault, details: CommandDetails) => void
}

/**
 * Commands that wait for their answer, bounded in number and time. A command that is given up still
 * counts until the client is done with it, so the client's own queue is bounded too.
 */
export class PendingCommands {
  readonly #init: PendingCommandsInit
  /** In the order of their deadlines. */
  readonly #waiting = new Set<PendingCommand>()
  #timer: NodeJS.Timeout | undefined
  #size = 0

  constructor(init: PendingCommandsInit) {
    this.#init = init
  }

  get size(): number {
    return this.#size
  }

  get full(): boolean {
    return this.#size >= this.#init.limit
  }

  /**
   * Sends a command and waits for its answer. Rejects with a `Fault`, never with the client's own
   * error.
   */
  run<Reply>(details: CommandDetails, send: () => Promise<Reply>): Promise<Reply> {
    const { timeout, faultOf, answered, failed } = this.#init
    this.#size++
    return new Promise<Reply>((resolve, reject) => {
      const deadline = performance.now() + timeout
      const command: PendingCommand = { details, deadline, giveUp: reject }
      this.#waiting.add(command)
      this.#timer ??= setTimeout(() => this.#giveUpLate(), timeout).unref()
      const succeed = (reply: Reply): void => {
        if (!this.#end(command)) return
        answered(performance.now() - deadline + timeout, details)
        resolve(reply)
      }
      const fail = (error: unknown): void => {
        if (!this.#end(command)) return
        const fault = faultOf(error)
        failed(fault, details)
        reject(fault)
      }
      send().then(succeed, fail)
    })
  }

  /** Gives up all commands. */
  close(fault: Fault): void {
    clearTimeout(this.#timer)
    for (const command of this.#waiting) command.giveUp(fault)
    this.#waiting.clear()
  }

  /** The client is done with a command. Returns whether it was still awaited. */
  #end(command: PendingCommand): boolean {
    this.#size--
    return this.#waiting.delete(command)
  }

  #giveUpLate(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const command of this.#waiting) {
      if (command.deadline > now) {
        this.#timer = setTimeout(() => this.#giveUpLate(), command.deadline - now).unref()
        return
      }
      this.#waiting.delete(command)
      this.#init.failed(TIMED_OUT, command.details)
      command.giveUp(TIMED_OUT)
    }
  }
}

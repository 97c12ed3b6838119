import type { Log } from '@chihaya/core'
import { FAULT_KINDS, REFUSED_WRITES, type Fault, type FaultKind } from './faults.ts'

/**
 * What a command does to Redis. `adds` fails if Redis refuses writes for any reason, so its success
 * proves that Redis accepts them. `removes` is a write that Redis accepts even if its memory is
 * full.
 */
export type Effect = 'none' | 'removes' | 'adds'

/** A fault ends with the first success after this many milliseconds without another. */
const QUIET = 1000
/**
 * Milliseconds between two reminders in the log while Redis fails, and between two reports of a
 * fault that comes and goes.
 */
const LOG_INTERVAL = 60_000

/** The last fault of its sort, until it ends. */
interface CurrentFault {
  readonly fault: Fault
  /** Milliseconds. */
  readonly at: number
}

/**
 * Judges whether Redis works by the outcome of commands. Faults of writes are kept apart from all
 * others: Redis may answer every read and refuse every write, so only a write ends them. Changes
 * are logged, not every announce.
 */
export class Health {
  readonly #log: Log
  readonly #address: string
  readonly #now: () => number
  readonly #errors = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<
    FaultKind,
    number
  >
  #any: CurrentFault | undefined
  #ofWrites: CurrentFault | undefined
  #loggedAt = -Infinity
  #loggedKind: FaultKind | undefined
  /** Whether the current fault was logged. */
  #reported = false
  #failures = 0

  /** `address` names the server in messages; `now` returns milliseconds. */
  constructor(log: Log, address: string, now: () => number = () => performance.now()) {
    this.#log = log
    this.#address = address
    this.#now = now
  }

  /** The current problem, if there is one. */
  get reason(): string | undefined {
    const current = this.#any ?? this.#ofWrites
    return current && `Redis at ${this.#address}: ${current.fault.reason}`
  }

  /** Whether a write has failed, and none has succeeded since. */
  get writesFail(): boolean {
    return this.#ofWrites !== undefined
  }

  /** Failures so far, by kind. */
  get errors(): Readonly<Record<FaultKind, number>> {
    return { ...this.#errors }
  }

  /** A command has failed. */
  failed(fault: Fault, effect: Effect = 'none'): void {
    this.#errors[fault.kind]++
    this.#failures++
    this.#set(fault, isOfWrites(fault, effect))
  }

  /** Something is wrong, although no command has failed. */
  noticed(fault: Fault): void {
    this.#set(fault, false)
  }

  /** A command was answered. `takesWrites` is true if this proves that Redis accepts all writes. */
  succeeded(takesWrites: boolean): void {
    if (this.#any === undefined && this.#ofWrites === undefined) return
    const quietSince = this.#now() - QUIET
    if (this.#any !== undefined && this.#any.at <= quietSince) this.#any = undefined
    if (takesWrites && this.#ofWrites !== undefined && this.#ofWrites.at <= quietSince)
      this.#ofWrites = undefined
    this.#reportRecovery()
  }

  /** A connection was established, which says nothing about writes. */
  connected(): void {
    if (this.#any === undefined) return
    this.#any = undefined
    this.#reportRecovery()
  }

  #set(fault: Fault, ofWrites: boolean): void {
    const now = this.#now()
    if (ofWrites) this.#ofWrites = { fault, at: now }
    else this.#any = { fault, at: now }
    // A fault that comes and goes, like that of one node of a cluster, is logged as rarely as one
    // that stays.
    const isNews = !this.#reported && fault.kind !== this.#loggedKind
    if (!isNews && now - this.#loggedAt < LOG_INTERVAL) return
    const details = { kind: fault.kind, reason: fault.reason, failures: this.#failures }
    this.#log.error(
      details,
      `Redis at ${this.#address} ${this.#reported ? 'still fails' : 'fails'}`,
    )
    this.#loggedAt = now
    this.#loggedKind = fault.kind
    this.#reported = true
  }

  #reportRecovery(): void {
    if (this.#any !== undefined || this.#ofWrites !== undefined) return
    if (this.#reported)
      this.#log.info({ failures: this.#failures }, `Redis at ${this.#address} works again`)
    this.#reported = false
    this.#failures = 0
  }
}

/** Whether a fault concerns writes, so that a successful read does not end it. */
function isOfWrites({ kind }: Fault, effect: Effect): boolean {
  if (REFUSED_WRITES.includes(kind)) return true
  return effect !== 'none' && kind !== 'connection' && kind !== 'queue'
}

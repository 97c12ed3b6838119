import { FAULT_KINDS, type Fault, type FaultKind } from './faults.ts'

/** What the store needs of a logger; Fastify's fits. */
export interface StoreLog {
  error(details: object, message: string): void
  warn(details: object, message: string): void
  info(details: object, message: string): void
}

/** Redis is well again when this many milliseconds have passed without a fault. */
const QUIET = 1000
/** Milliseconds between two reminders in the log while Redis is not well. */
const REMIND = 60_000

/** Whether Redis does its work, told by what becomes of commands. The log hears of changes, not of every announce. */
export class Health {
  readonly #log: StoreLog
  readonly #target: string
  readonly #now: () => number
  readonly #errors = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>
  #fault: Fault | undefined
  #failedAt = 0
  #loggedAt = 0
  #failures = 0

  /** `target` says in words which Redis it is about; `now` gives milliseconds. */
  constructor(log: StoreLog, target: string, now: () => number = () => performance.now()) {
    this.#log = log
    this.#target = target
    this.#now = now
  }

  /** What is wrong, or undefined. */
  get reason(): string | undefined {
    return this.#fault && `Redis at ${this.#target}: ${this.#fault.reason}`
  }

  /** Which kind of fault it is, or undefined. */
  get kind(): FaultKind | undefined {
    return this.#fault?.kind
  }

  /** Failures so far, by kind. */
  get errors(): Readonly<Record<FaultKind, number>> {
    return { ...this.#errors }
  }

  failed(fault: Fault): void {
    this.#errors[fault.kind]++
    this.#failures++
    this.noticed(fault)
  }

  /** Something is wrong, without a command that failed. */
  noticed(fault: Fault): void {
    const now = this.#now()
    const first = this.#fault === undefined
    this.#fault = fault
    this.#failedAt = now
    if (!first && now - this.#loggedAt < REMIND) return
    this.#loggedAt = now
    const details = { kind: fault.kind, reason: fault.reason, failures: this.#failures }
    this.#log.error(details, first ? `Redis at ${this.#target} fails` : `Redis at ${this.#target} still fails`)
  }

  /** A command was answered. */
  succeeded(): void {
    if (this.#fault !== undefined && this.#now() - this.#failedAt >= QUIET) this.#recover()
  }

  /** A connection is there that was not. Whether it takes writes is another question. */
  connected(): void {
    if (this.#fault !== undefined && this.#fault.kind !== 'readonly' && this.#fault.kind !== 'memory') this.#recover()
  }

  #recover(): void {
    this.#fault = undefined
    this.#log.info({ failures: this.#failures }, `Redis at ${this.#target} works again`)
    this.#failures = 0
  }
}

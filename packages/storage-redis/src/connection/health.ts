import { FAULT_KINDS, REFUSED_WRITES, type Fault, type FaultKind } from './faults.ts'

/** What the store needs of a logger; Fastify's fits. */
export interface StoreLog {
  error(details: object, message: string): void
  warn(details: object, message: string): void
  info(details: object, message: string): void
}

/**
 * What a command does in Redis. One that adds fails wherever Redis refuses writes for any reason,
 * so its success shows that Redis takes them. One that removes is a write too, which Redis accepts
 * even when its memory is full.
 */
export type Effect = 'none' | 'removes' | 'adds'

/** A fault is over when this many milliseconds have passed without another. */
const QUIET = 1000
/**
 * Milliseconds between two reminders in the log while Redis is not well, and between two reports of
 * a fault that comes and goes.
 */
const REMIND = 60_000

/** The last fault of its sort, while it stands. */
interface Standing {
  readonly fault: Fault
  /** Milliseconds. */
  readonly at: number
}

/**
 * Whether Redis does its work, told by what becomes of commands. Faults of writes stand apart from
 * all others: Redis may answer every question and take no write, so that a write alone shows that
 * they are over. The log hears of changes, not of every announce.
 */
export class Health {
  readonly #log: StoreLog
  readonly #target: string
  readonly #now: () => number
  readonly #errors = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<
    FaultKind,
    number
  >
  #any: Standing | undefined
  #ofWrites: Standing | undefined
  #loggedAt = -Infinity
  #loggedKind: FaultKind | undefined
  /** Whether the log has been told of the fault that stands. */
  #reported = false
  #failures = 0

  /** `target` says in words which Redis it is about; `now` gives milliseconds. */
  constructor(log: StoreLog, target: string, now: () => number = () => performance.now()) {
    this.#log = log
    this.#target = target
    this.#now = now
  }

  /** What is wrong, or undefined. */
  get reason(): string | undefined {
    const standing = this.#any ?? this.#ofWrites
    return standing && `Redis at ${this.#target}: ${standing.fault.reason}`
  }

  /** Whether writes have failed, and none has succeeded since. */
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
    this.#stand(fault, isOfWrites(fault, effect))
  }

  /** Something is wrong, without a command that failed. */
  noticed(fault: Fault): void {
    this.#stand(fault, false)
  }

  /**
   * A command was answered. `takesWrites` tells that its answer shows that Redis takes writes, all
   * of them.
   */
  succeeded(takesWrites: boolean): void {
    if (this.#any === undefined && this.#ofWrites === undefined) return
    const quietSince = this.#now() - QUIET
    if (this.#any !== undefined && this.#any.at <= quietSince) this.#any = undefined
    if (takesWrites && this.#ofWrites !== undefined && this.#ofWrites.at <= quietSince)
      this.#ofWrites = undefined
    this.#recoverIfWell()
  }

  /** A connection is there that was not. Whether it takes writes is another question. */
  connected(): void {
    if (this.#any === undefined) return
    this.#any = undefined
    this.#recoverIfWell()
  }

  #stand(fault: Fault, ofWrites: boolean): void {
    const now = this.#now()
    const standing = { fault, at: now }
    if (ofWrites) this.#ofWrites = standing
    else this.#any = standing
    // What comes and goes, as the fault of one of a cluster's nodes may, is reported as rarely as
    // what stays.
    const isNews = !this.#reported && fault.kind !== this.#loggedKind
    if (!isNews && now - this.#loggedAt < REMIND) return
    const details = { kind: fault.kind, reason: fault.reason, failures: this.#failures }
    this.#log.error(details, `Redis at ${this.#target} ${this.#reported ? 'still fails' : 'fails'}`)
    this.#loggedAt = now
    this.#loggedKind = fault.kind
    this.#reported = true
  }

  #recoverIfWell(): void {
    if (this.#any !== undefined || this.#ofWrites !== undefined) return
    if (this.#reported)
      this.#log.info({ failures: this.#failures }, `Redis at ${this.#target} works again`)
    this.#reported = false
    this.#failures = 0
  }
}

/** Whether a fault concerns writes, so that a reading does not show that it is over. */
function isOfWrites({ kind }: Fault, effect: Effect): boolean {
  if (REFUSED_WRITES.includes(kind)) return true
  return effect !== 'none' && kind !== 'connection' && kind !== 'queue'
}

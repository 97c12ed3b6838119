import type { Approval } from './approval.ts'

/**
 * Approvals by token, at most as many as it was made for. Whole generations are forgotten instead
 * of the entry used least: a hit among the younger ones then changes nothing, and one among the
 * older ones moves it.
 */
export class ApprovalCache {
  readonly #generation: number
  #young = new Map<string, Approval>()
  #old = new Map<string, Approval>()

  constructor(size: number) {
    this.#generation = Math.floor(size / 2)
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(token: string): Approval | undefined {
    const young = this.#young.get(token)
    if (young !== undefined) return young
    const old = this.#old.get(token)
    if (old === undefined) return undefined
    this.#old.delete(token)
    this.set(token, old)
    return old
  }

  set(token: string, approval: Approval): void {
    if (this.#generation === 0) return
    // A token that was cut out of a URL would keep the whole URL in memory.
    this.#young.set(Buffer.from(token, 'latin1').toString('latin1'), approval)
    if (this.#young.size < this.#generation) return
    this.#old = this.#young
    this.#young = new Map()
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }
}

import { RegistryError } from './user.ts'

const MAX_PREFIX = 20

/** Clients by the prefix of their peer ids: those that may take part, and those that may not. */
export class ClientList {
  readonly #prefixes = new Map<string, boolean>()
  #allows = 0
  /** Lengths that prefixes have, the longest first. */
  #lengths: readonly number[] = []

  get size(): number {
    return this.#prefixes.size
  }

  /** `prefix` is a byte string of 1 to 20. @throws {RegistryError} when it is of another length. */
  put(prefix: string, allowed: boolean): void {
    if (prefix.length < 1 || prefix.length > MAX_PREFIX) {
      throw new RegistryError('prefix', `must be 1 to ${MAX_PREFIX} bytes, got ${prefix.length}`)
    }
    this.remove(prefix)
    this.#prefixes.set(prefix, allowed)
    this.#count()
  }

  /** Returns false if there was no such prefix. */
  remove(prefix: string): boolean {
    const removed = this.#prefixes.delete(prefix)
    if (removed) this.#count()
    return removed
  }

  /** The longest prefix decides. Without one that allows, all are allowed that none denies. */
  allows(peerId: string): boolean {
    for (const length of this.#lengths) {
      const allowed = this.#prefixes.get(peerId.slice(0, length))
      if (allowed !== undefined) return allowed
    }
    return this.#allows === 0
  }

  entries(): Iterable<readonly [prefix: string, allowed: boolean]> {
    return this.#prefixes
  }

  #count(): void {
    this.#allows = [...this.#prefixes.values()].filter(Boolean).length
    const lengths = new Set([...this.#prefixes.keys()].map(({ length }) => length))
    this.#lengths = [...lengths].toSorted((one, other) => other - one)
  }
}

/** The most texts that are counted separately: our 45, and those of other packages. */
const LIMIT = 128

/** Short printable ASCII. Anything else may hold what a client sent. */
const FIXED = /^[\x20-\x7e]{1,100}$/

/**
 * Numbers the texts of refusals, so that they can be counted in memory of a fixed size. Number 0
 * stands for all texts beyond the limit, so a hook that builds texts from requests adds no more.
 */
export class RefusalTexts {
  readonly limit: number
  readonly #numbers: Map<string, number> = new Map([['other', 0]])

  constructor(limit: number = LIMIT) {
    this.limit = limit
  }

  /** Numbers a text, unless it has a number. */
  add(text: string): void {
    if (this.#numbers.has(text) || this.#numbers.size >= this.limit || !FIXED.test(text)) return
    this.#numbers.set(text, this.#numbers.size)
  }

  /** The number of a text, below `limit`; 0 for an unnumbered text. */
  numberOf(text: string): number {
    return this.#numbers.get(text) ?? 0
  }

  /** The texts by number, `other` first. */
  list(): string[] {
    return [...this.#numbers.keys()]
  }
}

const KEY: unique symbol = Symbol.for('chihaya.refusalTexts')

/** The texts of all `ClientError`s in this process, from every installed copy of this package. */
export const refusalTexts: RefusalTexts = ((globalThis as { [KEY]?: RefusalTexts })[KEY] ??=
  new RefusalTexts())

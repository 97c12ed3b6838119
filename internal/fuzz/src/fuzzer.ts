import { Covered, type Coverage, type Reading } from './coverage.ts'
import { minimise } from './minimise.ts'
import { Mutator } from './mutator.ts'
import { Random } from './random.ts'
import type { Target } from './target.ts'
import type { Watchdog } from './watchdog.ts'

/** Inputs between two readings of the coverage, which cost as much as some hundred short runs. */
const BATCH = 384

export interface Failure {
  readonly input: Uint8Array
  readonly error: unknown
}

export interface FuzzerInit {
  readonly target: Target
  readonly coverage: Coverage
  readonly watchdog: Watchdog
  readonly seed: number
}

/**
 * A loop that changes known inputs at random and keeps those that reach code which no other has
 * reached. It does the same again for the same seed and the same inputs to begin with.
 */
export class Fuzzer {
  readonly #target: Target
  readonly #coverage: Coverage
  readonly #watchdog: Watchdog
  readonly #random: Random
  readonly #mutator: Mutator
  readonly #covered = new Covered()
  /** Inputs that each reach something which those before it do not. */
  readonly corpus: Uint8Array[] = []
  /** How many inputs have been handled. */
  runs = 0

  constructor({ target, coverage, watchdog, seed }: FuzzerInit) {
    this.#target = target
    this.#coverage = coverage
    this.#watchdog = watchdog
    this.#random = new Random(seed)
    this.#mutator = new Mutator(this.#random, target.tokens, target.maxLength)
    // What ran until now is no input's.
    coverage.read()
  }

  /** Characters of source code that have run. */
  get reached(): number {
    return this.#covered.size
  }

  /**
   * Runs inputs one by one, and learns those that reach something new. Returns them, or the first
   * that fails.
   */
  async learn(inputs: readonly Uint8Array[]): Promise<Uint8Array[] | Failure> {
    const news: Uint8Array[] = []
    for (const input of inputs) {
      // Coverage is measured by what runs between two readings.
      // oxlint-disable-next-line no-await-in-loop
      const result = await this.#try([input])
      if ('error' in result) return result
      if (this.#covered.lacks(result.reading)) {
        this.#covered.add(result.reading)
        this.corpus.push(input)
        news.push(input)
      }
    }
    return news
  }

  /**
   * Runs a batch of new inputs. Returns those that were worth learning, or one that fails, made as
   * small as it gets.
   */
  async step(): Promise<Uint8Array[] | Failure> {
    const { corpus } = this
    const known = corpus.length > 0 ? corpus : [new Uint8Array()]
    const inputs = Array.from({ length: BATCH }, () => {
      // Half of the time a late one, as the latest finds are the least explored.
      const late = Math.max(0, known.length - 16)
      const base =
        this.#random.below(2) === 0
          ? known[late + this.#random.below(known.length - late)]
          : this.#random.pick(known)
      return this.#mutator.mutate(base as Uint8Array, this.#random.pick(known))
    })
    const found = await this.#search(inputs)
    if (!('error' in found)) return found
    const input = await minimise(found.input, async (candidate) =>
      isSame(await this.#run(candidate), found.error),
    )
    return { input, error: await this.#run(input) }
  }

  /** Finds the inputs in a batch that reach something new, by halves. */
  async #search(inputs: readonly Uint8Array[]): Promise<Uint8Array[] | Failure> {
    const result = await this.#try(inputs)
    if ('error' in result) return result
    if (!this.#covered.lacks(result.reading)) return []
    if (inputs.length === 1) {
      this.#covered.add(result.reading)
      this.corpus.push(...inputs)
      return [...inputs]
    }
    const middle = inputs.length >> 1
    const first = await this.#search(inputs.slice(0, middle))
    if ('error' in first) return first
    const second = await this.#search(inputs.slice(middle))
    if ('error' in second) return second
    // What happens at times only, such as the growth of a table, must not be looked for again and
    // again.
    this.#covered.add(result.reading)
    return [...first, ...second]
  }

  async #try(inputs: readonly Uint8Array[]): Promise<{ reading: Reading } | Failure> {
    for (const input of inputs) {
      // oxlint-disable-next-line no-await-in-loop
      const error = await this.#run(input)
      if (error !== undefined) return { input, error }
    }
    return { reading: this.#coverage.read() }
  }

  /** Runs one input. Returns what it throws, undefined if nothing. */
  async #run(input: Uint8Array): Promise<unknown> {
    this.runs++
    this.#watchdog.begin(input)
    try {
      await this.#target.run(input)
      return undefined
    } catch (error) {
      return error ?? new Error('the target has thrown nothing')
    } finally {
      this.#watchdog.end()
    }
  }
}

/** Whether two failures have the same name and text, wherever they come from. */
function isSame(one: unknown, other: unknown): boolean {
  return (
    one instanceof Error &&
    other instanceof Error &&
    one.name === other.name &&
    one.message === other.message
  )
}

import { Covered, type Coverage, type Reading } from './coverage.ts'
import { minimise } from './minimise.ts'
import { Mutator } from './mutator.ts'
import { Random } from './random.ts'
import type { Target } from './target.ts'
import type { Watchdog } from './watchdog.ts'

/** Inputs between two readings of the coverage. A reading costs as much as some hundred runs. */
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
 * Mutates known inputs at random, and keeps those that reach new code. The same seed and initial
 * inputs reproduce the same run.
 */
export class Fuzzer {
  readonly #target: Target
  readonly #coverage: Coverage
  readonly #watchdog: Watchdog
  readonly #random: Random
  readonly #mutator: Mutator
  readonly #covered = new Covered()
  /** Inputs that each reach code that those before do not. */
  readonly corpus: Uint8Array[] = []
  /** The number of inputs run. */
  runs = 0

  constructor({ target, coverage, watchdog, seed }: FuzzerInit) {
    this.#target = target
    this.#coverage = coverage
    this.#watchdog = watchdog
    this.#random = new Random(seed)
    this.#mutator = new Mutator(this.#random, target.tokens, target.maxLength)
    // Discard code that ran before the first input.
    coverage.read()
  }

  /** The number of source characters that have run. */
  get reached(): number {
    return this.#covered.size
  }

  /** Runs inputs one by one and keeps those that reach new code. Returns them, or a failure. */
  async learn(inputs: readonly Uint8Array[]): Promise<Uint8Array[] | Failure> {
    const news: Uint8Array[] = []
    for (const input of inputs) {
      // Coverage is what runs between two readings.
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

  /** Runs a batch of new inputs. Returns those that it kept, or a minimised failure. */
  async step(): Promise<Uint8Array[] | Failure> {
    const { corpus } = this
    const known = corpus.length > 0 ? corpus : [new Uint8Array()]
    const inputs = Array.from({ length: BATCH }, () => {
      // Half of the time a recent one, because recent finds are the least explored.
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

  /** Finds the inputs in a batch that reach new code, by halving. */
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
    // Code that runs only now and then, such as the growth of a table, must not be searched for
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

  /** Runs one input. Returns the error that it throws, or undefined. */
  async #run(input: Uint8Array): Promise<unknown> {
    this.runs++
    this.#watchdog.begin(input)
    try {
      await this.#target.run(input)
      return undefined
    } catch (error) {
      return error ?? new Error('the target threw undefined')
    } finally {
      this.#watchdog.end()
    }
  }
}

/** Whether two errors have the same name and text. */
function isSame(one: unknown, other: unknown): boolean {
  return (
    one instanceof Error &&
    other instanceof Error &&
    one.name === other.name &&
    one.message === other.message
  )
}

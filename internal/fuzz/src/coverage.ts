import { Session, type Profiler } from 'node:inspector'

/**
 * What ran since the last reading: for each script, by its URL, one byte for each character, 1
 * where it ran.
 */
export type Reading = ReadonlyMap<string, Uint8Array>

/**
 * Which parts of the scripts run, by V8's own block coverage. Scripts have to be loaded after this
 * has been made: V8 puts its counters into what it compiles from then on.
 */
export class Coverage {
  readonly #session = new Session()
  readonly #concerns: (url: string) => boolean

  /** `concerns`: whether a script is one to be measured. */
  constructor(concerns: (url: string) => boolean) {
    this.#concerns = concerns
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** What ran since the last time. */
  read(): Reading {
    let scripts: readonly Profiler.ScriptCoverage[] = []
    // Within one thread the answer is there before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error) throw error
      scripts = result
    })
    return new Map(
      scripts.filter(({ url }) => this.#concerns(url)).map((script) => [script.url, paint(script)]),
    )
  }
}

/**
 * Ranges come from the outside to the inside, so that the last one over a character tells whether
 * it ran. Ranges themselves say less: V8 joins those that ran equally often.
 */
function paint({ functions }: Profiler.ScriptCoverage): Uint8Array {
  const ranges = functions.flatMap((one) => one.ranges)
  const painted = new Uint8Array(
    ranges.reduce((length, { endOffset }) => Math.max(length, endOffset), 0),
  )
  for (const { startOffset, endOffset, count } of ranges)
    painted.fill(Math.min(count, 1), startOffset, endOffset)
  return painted
}

/** All that has ever run. */
export class Covered {
  readonly #scripts = new Map<string, Uint8Array>()

  /** How many characters of sources there are in it. */
  get size(): number {
    let size = 0
    for (const script of this.#scripts.values()) for (const ran of script) size += ran
    return size
  }

  /** Whether a reading has what has not run before. */
  lacks(reading: Reading): boolean {
    for (const [url, painted] of reading) {
      const known = this.#scripts.get(url) ?? new Uint8Array()
      for (let at = 0; at < painted.length; at++)
        if (painted[at] === 1 && known[at] !== 1) return true
    }
    return false
  }

  add(reading: Reading): void {
    for (const [url, painted] of reading) {
      const known = this.#scripts.get(url) ?? new Uint8Array()
      const joined = new Uint8Array(Math.max(known.length, painted.length))
      joined.set(known)
      for (let at = 0; at < painted.length; at++) if (painted[at] === 1) joined[at] = 1
      this.#scripts.set(url, joined)
    }
  }
}

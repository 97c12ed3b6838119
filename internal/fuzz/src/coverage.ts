import { Session, type Profiler } from 'node:inspector'

/** Code that ran since the last reading: by script URL, a byte for each character, 1 if it ran. */
export type Reading = ReadonlyMap<string, Uint8Array>

/**
 * V8's block coverage. Load scripts only after creating this object, because V8 instruments only
 * what it compiles afterwards.
 */
export class Coverage {
  readonly #session = new Session()
  readonly #concerns: (url: string) => boolean

  /** `concerns` says whether to measure a script, by its URL. */
  constructor(concerns: (url: string) => boolean) {
    this.#concerns = concerns
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Returns what ran since the last reading. */
  read(): Reading {
    let scripts: readonly Profiler.ScriptCoverage[] = []
    // Within one thread, the callback runs before `post` returns.
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
 * Marks the characters that ran. Ranges are ordered from the outside to the inside, so the last
 * range over a character decides. Ranges alone are not enough: V8 merges those with equal counts.
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

/** All code that has ever run. */
export class Covered {
  readonly #scripts = new Map<string, Uint8Array>()

  /** The number of source characters. */
  get size(): number {
    let size = 0
    for (const script of this.#scripts.values()) for (const ran of script) size += ran
    return size
  }

  /** Whether a reading has code that has not run before. */
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

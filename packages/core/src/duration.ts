import type { JsonSchema } from './parse-options.ts'

/** A length of time: Go's notation (`30m`, `1h30m`, `500ms`) or a number of milliseconds. */
export type Duration = string | number

const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/gy

/** Milliseconds in a duration. @throws {RangeError} when it is neither Go's notation nor a number of milliseconds ≥ 0. */
export function parseDuration(duration: Duration): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return duration
  } else if (duration === '0') {
    return 0
  } else {
    let total = 0
    let read = 0
    for (const [part, amount, unit] of duration.matchAll(PART)) {
      total += Number(amount) * (MILLISECONDS[unit as string] as number)
      read += part.length
    }
    if (read > 0 && read === duration.length) return total
  }
  throw new RangeError(`${JSON.stringify(duration)} is no duration: write it as 30m, 1h30m or 500ms`)
}

/** The schema of a duration option. */
export function durationSchema(description: string, defaultValue: string): JsonSchema {
  return {
    description,
    type: ['string', 'number'],
    pattern: '^(0|(\\d+(\\.\\d+)?(ns|us|µs|ms|s|m|h))+)$',
    minimum: 0,
    default: defaultValue,
  }
}

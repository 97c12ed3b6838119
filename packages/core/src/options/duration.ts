import type { JsonSchema } from './parse-options.ts'

/** A duration: Go's notation (`30m`, `1h30m`, `500ms`) or milliseconds. Never negative. */
export type Duration = string | number

/** The longest delay of a timer in milliseconds. Node fires timers with a longer one at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1

const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, micro sign
  μs: 1e-3, // U+03BC, Greek letter mu
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

const PART = '(\\d+(?:\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h)'
const PARTS = new RegExp(PART, 'gy')
const EXAMPLES = ['30m', '1h30m', '500ms'] as const

/**
 * The milliseconds of a duration.
 * @throws {RangeError} unless it is in Go's notation or a number of at least 0.
 */
export function parseDuration(duration: Duration): number {
  const milliseconds = typeof duration === 'number' ? duration : parseGo(duration)
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds
  throw new RangeError(
    `${JSON.stringify(duration)} is not a duration: write it like ${EXAMPLES.join(', ')}`,
  )
}

function parseGo(text: string): number {
  if (text === '0') return 0
  let total = 0
  let read = 0
  for (const [part, amount, unit] of text.matchAll(PARTS)) {
    total += Number(amount) * (MILLISECONDS[unit as string] as number)
    read += part.length
  }
  return read > 0 && read === text.length ? total : Number.NaN
}

/** The schema of a duration option. */
export function durationSchema(description: string, defaultValue: string): JsonSchema {
  return {
    description,
    type: ['string', 'number'],
    pattern: `^(0|(${PART})+)$`,
    minimum: 0,
    default: defaultValue,
    examples: EXAMPLES,
  }
}

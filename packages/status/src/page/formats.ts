// The script of the page contains the source of these functions, so they must not refer to anything
// else in this module.

/** Formats of figures; a missing figure reads `unavailable`. */
export type Format = 'text' | 'count' | 'rate' | 'bytes' | 'duration' | 'clock'

function text(value: unknown): string {
  return typeof value === 'string' ? value : 'unavailable'
}

function count(value: unknown): string {
  return typeof value === 'number' ? new Intl.NumberFormat('en').format(value) : 'unavailable'
}

function rate(value: unknown): string {
  if (typeof value !== 'number') return 'unavailable'
  return value > 0 && value < 100
    ? value.toFixed(1)
    : new Intl.NumberFormat('en').format(Math.round(value))
}

function bytes(value: unknown): string {
  if (typeof value !== 'number') return 'unavailable'
  const mebibytes = value / 2 ** 20
  return mebibytes < 1024 ? `${mebibytes.toFixed(1)} MiB` : `${(mebibytes / 1024).toFixed(2)} GiB`
}

/** Seconds in their two largest units. */
function duration(value: unknown): string {
  if (typeof value !== 'number') return 'unavailable'
  const [days, hours, minutes] = [
    Math.floor(value / 86_400),
    Math.floor(value / 3600) % 24,
    Math.floor(value / 60) % 60,
  ]
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${Math.floor(value) % 60} s` : `${Math.floor(value)} s`
}

/** The time of day of an ISO 8601 timestamp. */
function clock(value: unknown): string {
  return typeof value === 'string' ? `${value.slice(11, 19)} UTC` : 'unavailable'
}

export const FORMATS: Readonly<Record<Format, (value: unknown) => string>> = {
  text,
  count,
  rate,
  bytes,
  duration,
  clock,
}

/** The figure at a path like `store.seeders.ipv4`. */
export function figureAt(stats: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | null | undefined)?.[key],
      stats,
    )
}

/** The path through up to 60 rates, right-aligned in a box of 100 by 32. */
export function sparklinePath(history: readonly number[]): string {
  const highest = Math.max(...history, 1)
  const points = history.map((value, index) => {
    const x = 100 - ((history.length - 1 - index) / 59) * 100
    return `${x.toFixed(2)} ${(31 - (value / highest) * 30).toFixed(2)}`
  })
  return points.length < 2 ? 'M0 31L100 31' : `M${points.join('L')}`
}

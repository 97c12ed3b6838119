// The browser formats with these very functions, by their source text: each stands alone, and uses
// nothing of this module's.

/** How figures are written; whatever is no figure is unavailable. */
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

/** Seconds, in the two largest units. */
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

/** The time of an ISO 8601 moment. */
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

/**
 * The line through 60 rates in a box 100 wide and 32 high. Where there are fewer, it begins later.
 */
export function sparklinePath(history: readonly number[]): string {
  const highest = Math.max(...history, 1)
  const points = history.map((value, index) => {
    const x = 100 - ((history.length - 1 - index) / 59) * 100
    return `${x.toFixed(2)} ${(31 - (value / highest) * 30).toFixed(2)}`
  })
  return points.length < 2 ? 'M0 31L100 31' : `M${points.join('L')}`
}

import type { TestTracker } from '@internal/test-tracker'
import { parseExposition, type Series } from './exposition.ts'

/** What a tracker serves at `/metrics`, asked over a real connection. */
export async function scrape(tracker: TestTracker, path = '/metrics'): Promise<Series[]> {
  const response = await fetch(tracker.url('http', path))
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  return parseExposition(await response.text())
}

/** The one series with these labels among others; NaN when there is none, or more than one. */
export function valueOf(
  series: readonly Series[],
  name: string,
  labels: Record<string, string> = {},
): number {
  const [found, another] = series.filter(
    (one) =>
      one.name === name &&
      Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  )
  return found && !another ? found.value : Number.NaN
}

/** Series of the tracker's own, without their values. */
export function ownSeries(series: readonly Series[]): string[] {
  return series
    .filter(({ name }) => name.startsWith('chihaya_'))
    .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
    .sort()
}

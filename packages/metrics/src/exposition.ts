import type { Durations, MaybePromise } from '@chihaya/core'

export type Labels = Readonly<Record<string, string | number>>

/** One line of the exposition. */
export interface Sample {
  /** Differs from the metric's name for the parts of a histogram. */
  readonly metricName?: string
  readonly labels: Labels
  readonly value: number
}

/** A metric with values from elsewhere, which are read for each scrape. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Reads the current samples; undefined leaves the metric without any. */
  readonly read: () => MaybePromise<Iterable<Sample> | undefined>
}

/** A metric in Prometheus' text format, followed by an empty line. */
export function writeMetric({ name, help, type }: Metric, samples: Iterable<Sample>): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
  for (const { metricName = name, labels, value } of samples)
    lines.push(`${metricName}${labelText(labels)} ${numberText(value)}`)
  return `${lines.join('\n')}\n\n`
}

/** Samples of a histogram, whose buckets are cumulative. */
export function histogramSamples(
  name: string,
  labels: Labels,
  { bounds, counts, count, sum }: Durations,
): Sample[] {
  const samples: Sample[] = []
  let below = 0
  for (const [index, bound] of bounds.entries()) {
    below += counts[index] ?? 0
    samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below })
  }
  samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count })
  samples.push({ metricName: `${name}_sum`, labels, value: sum })
  samples.push({ metricName: `${name}_count`, labels, value: count })
  return samples
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escape(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escape(value: string | number): string {
  return String(value).replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

function numberText(value: number): string {
  return String(value).replace(/^(-?)Infinity$/, (_, sign) => (sign === '' ? '+Inf' : '-Inf'))
}

import type { Durations } from '@chihaya/core'
import type { Labels, Sample } from './metric.ts'

/**
 * A histogram as Prometheus has it: every bucket holds those below it, and the last one everything.
 */
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

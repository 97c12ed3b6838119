import type { AddressFamily } from '@chihaya/bittorrent'
import {
  DURATION_BUCKETS,
  type HookMeter,
  type Protocol,
  type RequestCount,
  type RequestMeter,
} from '@chihaya/core'
import { histogramSamples, type Labels, type Metric, type Sample } from './exposition.ts'

/** Address families as Chihaya spells them. */
export const FAMILY_LABELS: Readonly<Record<AddressFamily, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }

/** Metrics of what frontends count. */
export function requestMetrics(meter: RequestMeter): Metric[] {
  return [
    durations(
      meter,
      'http',
      'How long HTTP requests took, from the parsed head to the written reply.',
    ),
    durations(
      meter,
      'udp',
      'How long UDP requests took, from the datagram in hand to the written reply.',
    ),
    {
      name: 'chihaya_requests_total',
      help: 'Requests by what was asked and how it ended; the error is empty for an answer.',
      type: 'counter',
      read: () =>
        meter.counts().map((count) => ({
          labels: { protocol: count.protocol, ...outcomeLabels(count) },
          value: count.requests,
        })),
    },
    bytes(
      meter,
      'chihaya_received_bytes_total',
      'Bytes of datagrams, and of request targets over HTTP.',
      'receivedBytes',
    ),
    bytes(
      meter,
      'chihaya_sent_bytes_total',
      'Bytes of datagrams, and of bodies over HTTP.',
      'sentBytes',
    ),
    {
      name: 'chihaya_udp_dropped_datagrams_total',
      help: 'Datagrams that got no answer, by reason.',
      type: 'counter',
      read: () =>
        Object.entries(meter.drops.counts()).map(([reason, value]) => ({
          labels: { reason },
          value,
        })),
    },
    {
      name: 'chihaya_http_connections',
      help: 'HTTP connections that are open.',
      type: 'gauge',
      read: () => [{ labels: {}, value: meter.connections.open() }],
    },
    {
      name: 'chihaya_http_dropped_connections_total',
      help: 'HTTP connections that were ended or not accepted, by reason: new ones, and idle ones that gave way.',
      type: 'counter',
      read: () =>
        meter.connections.drops().map(({ reason, connection, count: value }) => ({
          labels: { reason, connection },
          value,
        })),
    },
  ]
}

/** Durations of hooks. */
export function hookMetric(meter: HookMeter): Metric {
  const name = 'chihaya_hook_duration_milliseconds'
  return {
    name,
    help: 'How long the hooks of middleware took, until they were done.',
    type: 'histogram',
    read: () =>
      meter
        .times()
        .flatMap(({ hook, middleware, durations: times }) =>
          histogramSamples(name, { hook, middleware }, times),
        ),
  }
}

function durations(meter: RequestMeter, protocol: Protocol, help: string): Metric {
  const name = `chihaya_${protocol}_response_duration_milliseconds`
  const samples = (count: RequestCount): Sample[] => {
    const { timed, milliseconds: sum, buckets: counts } = count
    return histogramSamples(name, outcomeLabels(count), {
      bounds: DURATION_BUCKETS,
      counts,
      count: timed,
      sum,
    })
  }
  // Chihaya reports requests that were not timed as 0 ms, which makes the tracker look fast.
  const read = (): Sample[] =>
    meter
      .counts()
      .filter((count) => count.protocol === protocol && count.timed > 0)
      .flatMap(samples)
  return { name, help, type: 'histogram', read }
}

function bytes(
  meter: RequestMeter,
  name: string,
  help: string,
  field: 'receivedBytes' | 'sentBytes',
): Metric {
  return {
    name,
    help,
    type: 'counter',
    read: () => {
      const sums = new Map<string, { labels: Labels; value: number }>()
      for (const { protocol, action, family, [field]: value } of meter.counts()) {
        const key = `${protocol} ${action} ${family}`
        const sum = sums.get(key)
        if (sum) sum.value += value
        else
          sums.set(key, {
            labels: { protocol, action, address_family: FAMILY_LABELS[family] },
            value,
          })
      }
      return sums.values()
    },
  }
}

function outcomeLabels({ action, family, error }: RequestCount): Labels {
  return { action, address_family: FAMILY_LABELS[family], error }
}

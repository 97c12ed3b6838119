import {
  DURATION_BUCKETS,
  type HookMeter,
  type Network,
  type RequestCount,
  type RequestMeter,
} from '@chihaya/core'
import { histogramSamples, type Labels, type Metric, type Sample } from './exposition.ts'

/** Values of the label `address_family`, as Chihaya spells them. */
export const NETWORK_LABELS: Readonly<Record<Network, string>> = {
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  webrtc: 'WebRTC',
}

const DURATIONS_HELP: Readonly<Record<string, string>> = {
  http: 'How long HTTP requests took, from the parsed head to the written reply.',
  udp: 'How long UDP requests took, from the datagram in hand to the written reply.',
}

/** Durations of requests, a histogram for each protocol. */
export function durationMetrics(meter: RequestMeter): Metric[] {
  return meter.protocols.map((protocol) => durations(meter, protocol))
}

/** Metrics of what frontends count, except durations. */
export function requestMetrics(meter: RequestMeter): Metric[] {
  return [
    {
      name: 'chihaya_requests_total',
      help: 'Requests by action and outcome; the error is empty for an answer.',
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
      help: 'Datagrams without an answer, by reason.',
      type: 'counter',
      read: () =>
        Object.entries(meter.drops.counts()).map(([reason, value]) => ({
          labels: { reason },
          value,
        })),
    },
    {
      name: 'chihaya_http_connections',
      help: 'Open HTTP connections.',
      type: 'gauge',
      read: () => [{ labels: {}, value: meter.connections.open() }],
    },
    {
      name: 'chihaya_http_dropped_connections_total',
      help: 'HTTP connections that were closed or not accepted, by reason: new ones, and idle ones closed for new ones.',
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
    help: 'How long hooks of middleware took until they settled.',
    type: 'histogram',
    read: () =>
      meter
        .times()
        .flatMap(({ hook, middleware, durations: times }) =>
          histogramSamples(name, { hook, middleware }, times),
        ),
  }
}

function durations(meter: RequestMeter, protocol: string): Metric {
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
  const help = DURATIONS_HELP[protocol] ?? `How long requests over ${protocol} took.`
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
      for (const { protocol, action, network, [field]: value } of meter.counts()) {
        const key = `${protocol} ${action} ${network}`
        const sum = sums.get(key)
        if (sum) sum.value += value
        else
          sums.set(key, {
            labels: { protocol, action, address_family: NETWORK_LABELS[network] },
            value,
          })
      }
      return sums.values()
    },
  }
}

function outcomeLabels({ action, network, error }: RequestCount): Labels {
  return { action, address_family: NETWORK_LABELS[network], error }
}

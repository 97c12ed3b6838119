import { metrics } from '@chihaya/metrics'
import { ANNOUNCE, TestTracker } from '@internal/test-tracker'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dashboardQueries, type PanelQuery } from '../src/dashboard.ts'
import { Network } from '../src/network.ts'
import { checkMetrics, Prometheus } from '../src/prometheus.ts'

const QUERIES = dashboardQueries('5s')
/** Metrics that only a tracker with Redis has. */
const OF_REDIS = /chihaya_redis_|chihaya_storage_up/

/** The expressions of Chihaya's recording rules. */
const CHIHAYA: readonly PanelQuery[] = [
  'chihaya_storage_leechers_count + chihaya_storage_seeders_count',
  'rate(chihaya_storage_gc_duration_milliseconds_sum[5s]) / rate(chihaya_storage_gc_duration_milliseconds_count[5s])',
  'rate(chihaya_udp_response_duration_milliseconds_count{error=""}[5s])',
  'rate(chihaya_udp_response_duration_milliseconds_count{error!=""}[5s])',
  'rate(chihaya_http_response_duration_milliseconds_count{action="announce",error=""}[5s])',
  'rate(chihaya_http_response_duration_milliseconds_count{error!=""}[5s])',
  'sum(rate(chihaya_udp_response_duration_milliseconds_count{error=""}[5s])) by (job, instance, address_family)',
].map((expression) => ({ panel: 'rules of Chihaya', expression }))

describe('the dashboard', () => {
  let network: Network
  let tracker: TestTracker
  let prometheus: Prometheus

  beforeAll(async () => {
    network = await Network.create()
    tracker = await TestTracker.start({
      register: (app) => {
        app.register(metrics, { hookTiming: true })
        app.after(() => app.tracker.addHook('preAnnounce', () => undefined, 'nothing'))
      },
      memory: { gcInterval: '100ms' },
      http: { requestTiming: true },
      udp: { requestTiming: true },
    })
    const { port } = new URL(tracker.url('http'))
    prometheus = await Prometheus.start(
      await network.addHost(),
      `${network.addAddresses().ipv4}:${port}`,
    )
  })

  afterAll(async () => {
    await prometheus?.stop()
    await tracker?.[Symbol.asyncDispose]()
    await network?.close()
  })

  async function traffic(): Promise<void> {
    for (const protocol of ['http', 'http6', 'udp', 'udp6'] as const) {
      const client = tracker.client(protocol)
      await client.announce(ANNOUNCE)
      await client.scrape([ANNOUNCE.infoHash])
      await client.announce({ ...ANNOUNCE, port: 0 }).catch(() => undefined)
    }
    // Garbage, for the panel that shows the duration of collections.
    JSON.stringify(Array.from({ length: 100_000 }, (_, index) => ({ index })))
  }

  test('has data in every panel that does not need Redis', { timeout: 120_000 }, async () => {
    const expected = [...QUERIES.filter(({ expression }) => !OF_REDIS.test(expression)), ...CHIHAYA]
    expect(expected.length).toBeGreaterThan(30)
    // A rate without samples is NaN.
    const withoutData = async ({ expression }: PanelQuery): Promise<boolean> =>
      (await prometheus.query(expression)).every(({ value }) => Number.isNaN(value))
    const missing = async (): Promise<PanelQuery[]> => {
      await traffic()
      const empty = await Promise.all(expected.map(withoutData))
      return expected.filter((_, index) => empty[index])
    }
    await expect.poll(missing, { timeout: 100_000, interval: 200 }).toEqual([])
  })

  test('has only valid expressions', async () => {
    for (const { expression } of QUERIES)
      expect(await prometheus.query(expression)).toBeInstanceOf(Array)
  })

  test('queries only existing metrics', async () => {
    const text = await (await fetch(tracker.url('http', '/metrics'))).text()
    const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
    const asked = QUERIES.flatMap(
      ({ expression }) => expression.match(/\b(?:chihaya|nodejs|process)_\w+/g) ?? [],
    )
    expect(
      asked.filter(
        (name) => !names.has(name) && !names.has(name.replace(/_(bucket|sum|count)$/, '')),
      ),
    ).toEqual([])
  })

  test('uses metrics that Prometheus can read', async () => {
    const text = await (await fetch(tracker.url('http', '/metrics'))).text()
    const { readable, remarks } = checkMetrics(text)
    expect(readable, remarks.join('\n')).toBe(true)
    // Chihaya's names contain `milliseconds`, and `count` in gauges. Node's metrics are
    // prom-client's.
    const ours = remarks.filter((remark) => remark.startsWith('chihaya_'))
    expect(
      ours.filter((remark) => !/use base unit|non-histogram and non-summary/.test(remark)),
    ).toEqual([])
  })
})

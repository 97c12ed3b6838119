import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { trackerCore } from '@chihaya/core'
import { announceTo, sampleAnnounce } from '@chihaya/core/testing'
import { metrics, type MeasuredStore } from '@chihaya/metrics'
import { redisStorage, type RedisPeerStore } from '@chihaya/storage-redis'
import Fastify from 'fastify'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { parseExposition } from './exposition.ts'
import { valueOf } from './scrape.ts'

/** A port that nobody listens at. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('a store in Redis', () => {
  test('has what metrics read', () => {
    expectTypeOf<RedisPeerStore>().toExtend<MeasuredStore>()
  })

  test('is shown while Redis is unavailable', async () => {
    await using app = Fastify()
    app.register(redisStorage, {
      url: `redis://127.0.0.1:${await closedPort()}`,
      fallback: 'memory',
      redisConnectTimeout: '1s',
      redisReadTimeout: '100ms',
    })
    app.register(trackerCore)
    app.register(metrics, { processMetrics: false })
    await app.ready()
    await announceTo(app.peerStore, sampleAnnounce())
    const series = parseExposition((await app.inject('/metrics')).payload)
    expect(valueOf(series, 'chihaya_storage_up')).toBe(0)
    expect(valueOf(series, 'chihaya_redis_fallback_announces_total')).toBe(1)
    expect(valueOf(series, 'chihaya_redis_fallback_peers')).toBe(1)
    expect(valueOf(series, 'chihaya_storage_infohashes_count')).toBe(1)
    const kinds = series
      .filter(({ name }) => name === 'chihaya_redis_errors_total')
      .map(({ labels }) => labels['kind'])
    expect(kinds).toContain('timeout')
    expect(valueOf(series, 'chihaya_redis_round_trip_duration_milliseconds_count')).toBe(0)
  })
})

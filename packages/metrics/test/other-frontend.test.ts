import { metrics } from '@chihaya/metrics'
import { ANNOUNCE, TestTracker, WsFrontend } from '@internal/test-tracker'
import { expect, test } from 'vitest'
import { scrape, valueOf } from './scrape.ts'

test('the protocol and the network of another frontend have metrics', async () => {
  let ws: WsFrontend | undefined
  await using tracker = await TestTracker.start({
    memory: { storeWebrtcPeers: true },
    register: (app) => {
      ws = new WsFrontend(app)
      app.register(metrics)
    },
  })
  await ws?.announce(1)
  await ws?.announce(2, { left: 0n })
  await tracker.client('udp').announce(ANNOUNCE)
  const series = await scrape(tracker)
  const webrtc = { address_family: 'WebRTC' }
  const announces = { protocol: 'ws', action: 'announce', ...webrtc }
  expect(valueOf(series, 'chihaya_requests_total', { ...announces, error: '' })).toBe(2)
  expect(valueOf(series, 'chihaya_received_bytes_total', announces)).toBe(400)
  expect(valueOf(series, 'chihaya_sent_bytes_total', announces)).toBe(200)
  const duration = 'chihaya_ws_response_duration_milliseconds'
  expect(valueOf(series, `${duration}_count`, webrtc)).toBe(2)
  expect(valueOf(series, `${duration}_sum`, webrtc)).toBe(40)
  expect(valueOf(series, 'chihaya_storage_peers', { ...webrtc, role: 'seeder' })).toBe(1)
  expect(valueOf(series, 'chihaya_storage_peers', { ...webrtc, role: 'leecher' })).toBe(1)
  expect(valueOf(series, 'chihaya_storage_leechers_count')).toBe(2)
})

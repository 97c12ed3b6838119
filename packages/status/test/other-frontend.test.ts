import { toHex } from '@chihaya/bittorrent'
import { status } from '@chihaya/status'
import { TestTracker, WsFrontend } from '@internal/test-tracker'
import { expect, test } from 'vitest'
import { fetchStats, LEECHER } from './status-tracker.ts'

async function start(): Promise<{ tracker: TestTracker; ws: WsFrontend }> {
  let ws: WsFrontend | undefined
  const tracker = await TestTracker.start({
    memory: { storeWebrtcPeers: true },
    register: (app) => {
      ws = new WsFrontend(app)
      app.register(status, { stats: true, torrents: true })
    },
  })
  return { tracker, ws: ws as WsFrontend }
}

test('statistics show the protocol and the network of another frontend', async () => {
  const { tracker, ws } = await start()
  await using _tracker = tracker
  await ws.announce(1)
  await ws.announce(2, { left: 0n })
  await tracker.client('udp').announce(LEECHER)
  const { requests, store } = await fetchStats(tracker)
  expect(requests.otherProtocols['ws']?.announce.webrtc.answered).toBe(2)
  expect(requests.otherProtocols['ws']?.scrape.ipv4.answered).toBe(0)
  expect(requests.udp.announce.ipv4).toMatchObject({ answered: 1, refused: 0 })
  expect(store).toMatchObject({
    seeders: { ipv4: 0, ipv6: 0, webrtc: 1 },
    leechers: { ipv4: 1, ipv6: 0, webrtc: 1 },
    totals: { seeders: 1, leechers: 2 },
  })

  const page = await (await fetch(tracker.url('http', '/stats'))).text()
  expect(page).toContain('<th scope="row">WS announce</th>')
  expect(page).toContain(
    '<td data-figure="requests.otherProtocols.ws.announce.webrtc.answered" data-format="count">2<',
  )
  expect(page).toContain('<td data-figure="store.leechers.webrtc" data-format="count">1<')
  expect(page).not.toContain('unavailable<')
})

test('torrents count the peers of every network', async () => {
  const { tracker, ws } = await start()
  await using _tracker = tracker
  await ws.announce(1)
  await ws.announce(2, { left: 0n })
  const figures = { seeders: { webrtc: 1 }, leechers: { webrtc: 1 } }
  const one = await fetch(tracker.url('http', `/torrents/${toHex(LEECHER.infoHash)}.json`))
  expect(await one.json()).toMatchObject(figures)
  const top = await fetch(tracker.url('http', '/torrents.json?sort=leechers'))
  expect(await top.json()).toMatchObject({ swarms: 1, torrents: [figures] })
})

test('without another frontend there are no figures of its network', async () => {
  await using tracker = await TestTracker.start({
    register: (app) => void app.register(status, { stats: true }),
  })
  const { requests } = await fetchStats(tracker)
  expect(requests.otherProtocols).toEqual({})
  expect(await (await fetch(tracker.url('http', '/stats'))).text()).not.toContain('WebRTC')
})

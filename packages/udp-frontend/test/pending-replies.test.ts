import { RequestMeter } from '@chihaya/core'
import { unavailable } from '@chihaya/udp-batch'
import { describe, expect, test } from 'vitest'
import { announce, readAnnounceReply } from './datagrams.ts'
import { TrackerUnderTest } from './tracker-under-test.ts'
import { UdpClient } from './udp-client.ts'

const TRANSPORTS =
  unavailable() === undefined ? (['dgram', 'batch'] as const) : (['dgram'] as const)

describe.each(TRANSPORTS)('stalled hooks, over %s,', (transport) => {
  test('hold a limited number of requests, which are answered once they continue', async () => {
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => void (release = resolve))
    let waiting = 0
    const preAnnounce = (): Promise<void> => {
      waiting++
      return released
    }
    const listen = [{ host: '127.0.0.1', port: 0 }]
    const { frontend } = new TrackerUnderTest({
      options: { transport, listen },
      hooks: { preAnnounce },
      maxPending: 3,
    })
    const meter = new RequestMeter()
    frontend.start(meter)
    await frontend.bind()
    await using client = await UdpClient.open(frontend.addresses()[0])
    const id = await client.connect()
    const answered = client.receiveMany(3)
    for (let port = 1001; port <= 1003; port++) await client.send(announce(id, { port }))
    await expect.poll(() => waiting).toBe(3)
    for (let port = 1004; port <= 1010; port++) await client.send(announce(id, { port }))
    await expect.poll(() => meter.drops.counts().pending_replies).toBe(7)
    release()
    expect(await answered).toBe(3)
    expect(readAnnounceReply(await client.request(announce(id, { port: 1004 }))).leechers).toBe(4)
    expect(waiting).toBe(4)
    await frontend.close()
  })
})

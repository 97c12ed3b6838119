import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { HttpTrackerClient, trackerClient, UdpTrackerClient } from '../src/index.ts'
import { ANNOUNCE, startTracker } from './tracker.ts'

test('a tracker that is silent over UDP is asked again, until the time is up', async () => {
  const silent = createSocket('udp4')
  let asked = 0
  silent.on('message', () => asked++)
  silent.bind(0, '127.0.0.1')
  await once(silent, 'listening')
  onTestFinished(() => void silent.close())
  const client = new UdpTrackerClient(`udp://127.0.0.1:${silent.address().port}`, { timeout: 1500 })
  await expect(client.announce(ANNOUNCE)).rejects.toThrow('no answer within 1500 ms')
  expect(asked).toBe(2)
  await client.close()
})

test('closing ends what is still asked', async () => {
  const silent = createSocket('udp4')
  silent.bind(0, '127.0.0.1')
  await once(silent, 'listening')
  onTestFinished(() => void silent.close())
  const client = new UdpTrackerClient(`udp://127.0.0.1:${silent.address().port}`)
  const answer = client.announce(ANNOUNCE)
  setImmediate(() => void client.close())
  await expect(answer).rejects.toThrow('the client was closed')
})

test('an HTTP status other than 200 is an error', async () => {
  const server = createServer((_, response) => response.writeHead(503).end('busy'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const client = trackerClient(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`,
  )
  await expect(client.announce(ANNOUNCE)).rejects.toThrow('the tracker answered HTTP 503')
  await client.close()
})

test('an address that this machine does not have is an error', async () => {
  const tracker = await startTracker()
  for (const url of [tracker.httpUrl, tracker.udpUrl]) {
    const client = trackerClient(url, { localAddress: '192.0.2.77' })
    await expect(client.announce(ANNOUNCE)).rejects.toThrow('EADDRNOTAVAIL')
    await client.close()
  }
  await tracker.app.close()
})

test('a URL that BEP 48 gives no scrape has none', async () => {
  const client = new HttpTrackerClient('http://127.0.0.1/a')
  await expect(client.scrape([ANNOUNCE.infoHash])).rejects.toThrow(RangeError)
  await client.close()
})

test.each(['ftp://host/announce', 'udp://host/announce', 'udp://[::1/announce'])(
  '%s is refused',
  async (url) => {
    await expect(async () => trackerClient(url).announce(ANNOUNCE)).rejects.toThrow(TypeError)
  },
)

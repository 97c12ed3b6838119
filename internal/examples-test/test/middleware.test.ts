import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { toHex } from '@chihaya/bittorrent'
import { TrackerFailure } from '@chihaya/client'
import { ANNOUNCE, TestTracker, type Protocol } from '@internal/test-tracker'
import { describe, expect, onTestFinished, test } from 'vitest'
import { examplePath, examplePlugin } from './example.ts'
import { Program } from './program.ts'

const PROTOCOLS: Protocol[] = ['http', 'udp']
const PASSKEY = '0123456789abcdef0123456789abcdef'

test.each(['tracker-middleware-passkey', 'tracker-storage-map'])(
  '%s passes its own tests',
  async (name) => {
    const tests = new Program(['--test', examplePath(`${name}/test.js`)])
    expect(await tests.exitCode(), tests.output).toBe(0)
    expect(Number(await tests.find(/pass (\d+)/))).toBeGreaterThan(2)
  },
)

describe.each(PROTOCOLS)('the passkey over %s', (protocol) => {
  test('admits only clients that have one', async () => {
    const passkey = await examplePlugin('tracker-middleware-passkey')
    await using tracker = await TestTracker.start({
      register: (app) => void app.register(passkey, { passkeys: [PASSKEY] }),
      http: { announceRoutes: ['/announce', '/:passkey/announce'] },
    })
    const announce = async (path: string): Promise<number | undefined> =>
      (await tracker.client(protocol, { path }).announce(ANNOUNCE)).incomplete
    expect(await announce(`/${PASSKEY}/announce`)).toBe(1)
    expect(await announce(`/announce?passkey=${PASSKEY}`)).toBe(1)
    const refused = new TrackerFailure('unknown passkey')
    for (const path of [
      '/announce',
      `/${PASSKEY.replace('0', '1')}/announce`,
      '/announce?passkey=',
      `/announce?${PASSKEY}`,
    ]) {
      await expect(announce(path)).rejects.toThrow(refused)
    }
    const scraped = tracker
      .client(protocol, { path: `/${PASSKEY}/announce` })
      .scrape([ANNOUNCE.infoHash])
    // A UDP scrape has no URL.
    if (protocol === 'http') expect(await scraped).toMatchObject([{ incomplete: 1 }])
    else await expect(scraped).rejects.toThrow(refused)
    expect(JSON.stringify(tracker.log)).not.toContain(PASSKEY)
  })
})

describe.each(PROTOCOLS)('the webhook over %s', (protocol) => {
  test('receives the selected events', async () => {
    const told: unknown[] = []
    const url = await listener(async (request) => {
      told.push(await json(request))
      return 204
    })
    await using tracker = await trackerWithWebhook({ url, events: ['completed', 'stopped'] })
    const client = tracker.client(protocol)
    await client.announce({ ...ANNOUNCE, event: 'started' })
    await client.announce({ ...ANNOUNCE, event: 'completed', left: 0n, uploaded: 2n ** 63n })
    await expect
      .poll(() => told, { timeout: 20_000 })
      .toEqual([
        {
          event: 'completed',
          infoHash: toHex(ANNOUNCE.infoHash),
          peerId: toHex(ANNOUNCE.peerId),
          address: '127.0.0.1',
          port: ANNOUNCE.port,
          uploaded: '9223372036854775808',
          downloaded: '0',
          seeders: 1,
          leechers: 0,
        },
      ])
  })

  test('may fail without an effect on clients', async () => {
    const url = await listener(() => 500)
    await using tracker = await trackerWithWebhook({ url, events: ['none'] })
    expect(await tracker.client(protocol).announce(ANNOUNCE)).toMatchObject({ incomplete: 1 })
    const failure = (): unknown =>
      tracker.log.find(({ msg }) => msg === 'a post hook failed')?.['err']
    await expect
      .poll(failure, { timeout: 20_000 })
      .toMatchObject({ message: 'the webhook answered 500' })
    expect(await tracker.client(protocol).announce({ ...ANNOUNCE, port: 7000 })).toMatchObject({
      incomplete: 2,
    })
  })
})

async function trackerWithWebhook(options: Record<string, unknown>): Promise<TestTracker> {
  const webhook = await examplePlugin('tracker-middleware-webhook')
  return TestTracker.start({ register: (app) => void app.register(webhook, options) })
}

/** Starts a server that replies with the status that `take` returns. Returns its URL. */
async function listener(
  take: (request: IncomingMessage) => Promise<number> | number,
): Promise<string> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.statusCode = await take(request)
    response.end()
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

import { setImmediate } from 'node:timers/promises'
import { unavailable } from '@chihaya/udp-batch'
import { describe, expect, test } from 'vitest'
import type { UdpFrontendOptions } from '@chihaya/udp-frontend'
import { announce, connect, errorText, INFO_HASH, readAnnounceReply, scrape } from './datagrams.ts'
import { TrackerUnderTest } from './tracker-under-test.ts'
import { UdpClient } from './udp-client.ts'

const TRANSPORTS =
  unavailable() === undefined ? (['dgram', 'batch'] as const) : (['dgram'] as const)

const A = { host: '127.0.0.1', port: 0 }
const B = { host: '127.0.0.2', port: 0 }

describe.each(TRANSPORTS)('a tracker over %s', (transport) => {
  function tracker(
    listen: UdpFrontendOptions['listen'],
    interval: number,
    options: UdpFrontendOptions = {},
  ): TrackerUnderTest {
    return new TrackerUnderTest({
      options: { transport, bind: false, ...options, ...(listen && { listen }) },
      core: { announceInterval: interval * 1000 },
    })
  }

  async function intervalAt(client: UdpClient, id: Buffer): Promise<number> {
    return readAnnounceReply(await client.request(announce(id))).interval
  }

  test('takes over the addresses and connection ids of another', async () => {
    const [former, next] = [tracker([A], 60), tracker([B, A], 120)]
    await (await former.frontend.takeOver()).commit()
    await using client = await UdpClient.open(former.frontend.addresses()[0])
    const id = await client.connect()
    expect(await intervalAt(client, id)).toBe(60)
    const handover = await next.frontend.takeOver(former.frontend)
    expect(await intervalAt(client, id)).toBe(60)
    const [at] = former.frontend.addresses()
    await handover.commit()
    expect(await intervalAt(client, id)).toBe(120)
    expect([former.frontend.addresses(), next.frontend.addresses()[1]]).toEqual([[], at])
    await using elsewhere = await UdpClient.open(next.frontend.addresses()[0], '127.0.0.1')
    expect(await intervalAt(elsewhere, id)).toBe(120)
    await former.frontend.close()
    expect(await intervalAt(client, id)).toBe(120)
    await next.frontend.close()
  })

  test('changes nothing if the hand-over is cancelled or an address is taken', async () => {
    const former = tracker([A], 60)
    await (await former.frontend.takeOver()).commit()
    const [at] = former.frontend.addresses()
    await using client = await UdpClient.open(at)
    const id = await client.connect()
    await (await tracker([A, B], 120).frontend.takeOver(former.frontend)).cancel()
    const taken = { host: '127.0.0.1', port: at?.port ?? 0 }
    await expect(
      tracker([A, B, taken], 120).frontend.takeOver(former.frontend),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect([former.frontend.addresses(), await intervalAt(client, id)]).toEqual([[at], 60])
    await former.frontend.close()
  })

  test('answers requests that have arrived at addresses it gives up', async () => {
    const [former, next] = [tracker([A, B], 60), tracker([A], 120)]
    await (await former.frontend.takeOver()).commit()
    await using client = await UdpClient.open(former.frontend.addresses()[1], '127.0.0.1')
    const id = await client.connect()
    const handover = await next.frontend.takeOver(former.frontend)
    const reply = client.receive()
    await client.send(announce(id))
    await handover.commit()
    expect(errorText(await reply)).toBe('(action 1)')
    expect(former.frontend.addresses()).toEqual([])
    await next.frontend.close()
  })

  test('lets the pending replies of another be sent', async () => {
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => void (release = resolve))
    const former = new TrackerUnderTest({
      options: { transport, listen: [A] },
      hooks: { preAnnounce: () => released },
    })
    await former.frontend.bind()
    await using client = await UdpClient.open(former.frontend.addresses()[0])
    const id = await client.connect()
    const reply = client.receive()
    await client.send(announce(id))
    await client.send(connect())
    const next = tracker([A], 120)
    // The connect reply arrives first, so the announce is pending.
    expect(await reply).toHaveLength(16)
    const announced = client.receive()
    await (await next.frontend.takeOver(former.frontend)).commit()
    const drained = former.frontend.drain()
    await setImmediate()
    release()
    await drained
    expect(readAnnounceReply(await announced).interval).toBe(1800)
    await former.frontend.close()
    expect(await intervalAt(client, id)).toBe(120)
    await next.frontend.close()
  })

  test('answers longer requests than another if the sockets can, and warns otherwise', async () => {
    const [former, next] = [
      tracker([A], 60),
      tracker([A], 120, { maxScrapeInfoHashes: 500, maxReplySize: 8000, reusePort: true }),
    ]
    await (await former.frontend.takeOver()).commit()
    await using client = await UdpClient.open(former.frontend.addresses()[0])
    const id = await client.connect()
    await (await next.frontend.takeOver(former.frontend)).commit()
    const scraped = async (count: number): Promise<string> =>
      errorText(
        await client.request(
          scrape(
            id,
            Array.from({ length: count }, () => INFO_HASH),
          ),
        ),
      )
    expect(await scraped(100)).toBe('(action 2)')
    expect(await scraped(103)).toBe(
      transport === 'dgram' ? '(action 2)' : 'Request-URI Too Long: too many infohashes',
    )
    const warnings = next.logged.filter(({ message }) =>
      message.startsWith('UDP sockets that stay open'),
    )
    const fixed = { options: ['reusePort'] }
    const room = { maxReplySize: 1232, maxScrapeInfoHashes: 102 }
    expect(warnings.map(({ details }) => details)).toEqual(
      transport === 'dgram' ? [fixed] : [fixed, room],
    )
    await next.frontend.close()
  })
})

describe.each(TRANSPORTS)('closing over %s', (transport) => {
  test("answers all requests in the system's buffer, not only those that one turn reads", async () => {
    const under = new TrackerUnderTest({ options: { transport, listen: [A] } })
    await under.frontend.bind()
    await using client = await UdpClient.open(under.frontend.addresses()[0])
    const COUNT = 150
    // Nothing is read until this turn ends.
    const sent = Array.from({ length: COUNT }, () => client.send(connect()))
    const answered = client.receiveMany(COUNT)
    await Promise.all([under.frontend.drain(), ...sent])
    expect(await answered).toBe(COUNT)
    await under.frontend.close()
  })
})

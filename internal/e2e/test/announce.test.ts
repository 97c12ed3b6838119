import { infoHashFrom, peerIdFrom, type InfoHash, type PeerId } from '@chihaya/bittorrent'
import { HttpTrackerClient, TrackerFailure } from '@chihaya/client'
import { randomBytes } from 'node:crypto'
import { describe } from 'vitest'
import { INTERVAL, MIN_INTERVAL } from '../src/tracker-process.ts'
import { actorTest } from './actor-test.ts'
import type { Transport } from './transfer.ts'

const randomInfoHash = (): InfoHash => infoHashFrom(randomBytes(20).toString('latin1')) as InfoHash

// These tests run over every transport, so they expect only what all have in common.
describe.concurrent.for<Transport>([
  ['http', 'ipv4'],
  ['http', 'ipv6'],
  ['udp', 'ipv4'],
  ['udp', 'ipv6'],
])('over %s and %s', (transport) => {
  actorTest('peers start, complete and stop', async ({ addActor, expect }) => {
    const infoHash = randomInfoHash()
    const [anna, bert, cleo] = [
      await addActor(transport),
      await addActor(transport),
      await addActor(transport),
    ]

    expect(await anna.announce(infoHash, { event: 'started', left: 100n })).toEqual({
      interval: INTERVAL,
      complete: 0,
      incomplete: 1,
      peers: [anna.endpoint],
    })
    expect(await bert.announce(infoHash, { event: 'started', left: 0n })).toEqual({
      interval: INTERVAL,
      complete: 1,
      incomplete: 1,
      peers: [anna.endpoint],
    })
    expect(await cleo.announce(infoHash, { event: 'started', left: 50n })).toMatchObject({
      complete: 1,
      incomplete: 2,
    })
    expect((await cleo.announce(infoHash, { left: 50n })).peers.sort()).toEqual(
      [anna.endpoint, bert.endpoint].sort(),
    )
    // A seeder has no use for other seeders.
    expect(await anna.announce(infoHash, { event: 'completed', left: 0n })).toMatchObject({
      complete: 2,
      incomplete: 1,
      peers: [cleo.endpoint],
    })
    // Repeated, as by a UDP client whose answer was lost.
    expect(await anna.announce(infoHash, { event: 'completed', left: 0n })).toMatchObject({
      complete: 2,
      incomplete: 1,
    })
    expect(await anna.scrape([infoHash])).toMatchObject([
      { complete: 2, incomplete: 1, downloaded: 1 },
    ])
    // A seeder that lost a piece becomes a leecher again.
    expect(await bert.announce(infoHash, { left: 10n })).toMatchObject({
      complete: 1,
      incomplete: 2,
    })
    expect(await bert.announce(infoHash, { event: 'stopped', left: 10n })).toMatchObject({
      complete: 1,
      incomplete: 1,
      peers: [],
    })
    expect(await cleo.announce(infoHash, { left: 50n })).toMatchObject({ peers: [anna.endpoint] })
  })

  actorTest(
    'a partial seed is incomplete and is given no seeders',
    async ({ addActor, expect }) => {
      const infoHash = randomInfoHash()
      const [anna, bert] = [await addActor(transport), await addActor(transport)]
      await anna.announce(infoHash, { left: 0n })
      expect(await bert.announce(infoHash, { event: 'paused', left: 10n })).toMatchObject({
        complete: 1,
        incomplete: 1,
        peers: [bert.endpoint],
      })
    },
  )

  actorTest('a client gets as many peers as it asks for', async ({ addActor, expect }) => {
    const infoHash = randomInfoHash()
    const [anna, bert, cleo] = [
      await addActor(transport),
      await addActor(transport),
      await addActor(transport),
    ]
    for (const actor of [anna, bert]) await actor.announce(infoHash, { left: 1n })
    expect((await cleo.announce(infoHash, { left: 1n, numWant: 0 })).peers).toEqual([])
    expect((await cleo.announce(infoHash, { left: 1n, numWant: 1 })).peers).toHaveLength(1)
    expect((await cleo.announce(infoHash, { left: 1n, numWant: 1000 })).peers).toHaveLength(2)
  })

  actorTest('an unknown peer may stop', async ({ addActor, expect }) => {
    const infoHash = randomInfoHash()
    const anna = await addActor(transport)
    expect(await anna.announce(infoHash, { event: 'stopped', left: 1n })).toEqual({
      interval: INTERVAL,
      complete: 0,
      incomplete: 0,
      peers: [],
    })
  })

  actorTest('a scrape answers for each infohash, known or not', async ({ addActor, expect }) => {
    const [known, unknown] = [randomInfoHash(), randomInfoHash()]
    const anna = await addActor(transport)
    await anna.announce(known, { left: 0n })
    expect(await anna.scrape([unknown, known, unknown])).toMatchObject([
      { complete: 0, incomplete: 0, downloaded: 0 },
      { complete: 1, incomplete: 0, downloaded: 0 },
      { complete: 0, incomplete: 0, downloaded: 0 },
    ])
  })

  actorTest('port 0 is refused', async ({ addActor, expect }) => {
    const anna = await addActor(transport)
    await expect(anna.announce(randomInfoHash(), { left: 1n, port: 0 })).rejects.toThrow(
      new TrackerFailure('invalid port'),
    )
  })
})

describe('IPv4 and IPv6', () => {
  actorTest('have separate swarms', async ({ addActor, expect }) => {
    const infoHash = randomInfoHash()
    const [anna, bert] = [await addActor(['http', 'ipv4']), await addActor(['udp', 'ipv6'])]
    await anna.announce(infoHash, { left: 0n })
    expect(await bert.announce(infoHash, { left: 1n })).toMatchObject({
      complete: 0,
      incomplete: 1,
      peers: [bert.endpoint],
    })
  })
})

describe('HTTP and UDP', () => {
  actorTest('share their swarms', async ({ addActor, expect }) => {
    const infoHash = randomInfoHash()
    const [anna, bert] = [await addActor(['http', 'ipv4']), await addActor(['udp', 'ipv4'])]
    await anna.announce(infoHash, { left: 0n })
    expect(await bert.announce(infoHash, { left: 1n })).toMatchObject({
      complete: 1,
      incomplete: 1,
      peers: [anna.endpoint],
    })
  })
})

describe('only HTTP', () => {
  actorTest('reports the minimum interval and the external address', async ({ lab, expect }) => {
    const { ipv4 } = lab.network.addAddresses()
    const client = new HttpTrackerClient(lab.tracker.announceUrl('http', 'ipv4'), {
      localAddress: ipv4,
    })
    const peerId = peerIdFrom('-TS0001-000000000001') as PeerId
    const answer = await client.announce({
      infoHash: randomInfoHash(),
      peerId,
      port: 6881,
      left: 1n,
    })
    expect(answer).toMatchObject({
      minInterval: MIN_INTERVAL,
      externalAddress: Buffer.from(ipv4.split('.').map(Number)),
    })
    await client.close()
  })
})

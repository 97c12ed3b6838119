import {
  formatAddress,
  infoHashFrom,
  peerIdFrom,
  type Endpoint,
  type InfoHash,
  type PeerId,
} from '@chihaya/bittorrent'
import { TrackerFailure, type ClientAnnounce } from '@chihaya/client'
import { describe, expect, test } from 'vitest'
import { TestTracker, type Protocol } from '../src/index.ts'

const PROTOCOLS: readonly Protocol[] = ['http', 'http6', 'udp', 'udp6']
const UNKNOWN = infoHashFrom('nobody announced it.') as InfoHash

/** An announce with bytes that need every kind of escape. */
const ANNOUNCE: ClientAnnounce = {
  infoHash: infoHashFrom('\x00\xff&=%+ infohash 20 b') as InfoHash,
  peerId: peerIdFrom('-TS0001-\x00\x80\xc3\xa9/?#%&+ x') as PeerId,
  port: 6881,
  left: 2n ** 63n,
}

function start(): Promise<TestTracker> {
  return TestTracker.start({ register: () => undefined })
}

function endpointText({ address, port }: Endpoint): string {
  return `${formatAddress(address)} ${port}`
}

describe.each(PROTOCOLS)('a client over %s', (protocol) => {
  test('announces and reads the answer', async () => {
    await using tracker = await start()
    const client = tracker.client(protocol)
    const answer = await client.announce({ ...ANNOUNCE, event: 'started', numWant: 10 })
    expect(answer).toMatchObject({ interval: 1800, complete: 0, incomplete: 1, remarks: [] })
    const ownAddress = protocol.endsWith('6') ? '::1' : '127.0.0.1'
    expect(answer.peers.map(endpointText)).toEqual([`${ownAddress} 6881`])
  })

  test('scrapes in the requested order', async () => {
    await using tracker = await start()
    const client = tracker.client(protocol)
    await client.announce({ ...ANNOUNCE, left: 1n })
    await client.announce({ ...ANNOUNCE, event: 'completed', left: 0n })
    expect(await client.scrape([UNKNOWN, ANNOUNCE.infoHash])).toMatchObject([
      { complete: 0, incomplete: 0, downloaded: 0 },
      { complete: 1, incomplete: 0, downloaded: 1 },
    ])
  })

  test("throws the tracker's refusal", async () => {
    await using tracker = await start()
    await expect(tracker.client(protocol).announce({ ...ANNOUNCE, port: 0 })).rejects.toThrow(
      new TrackerFailure('invalid port'),
    )
  })

  test('announces many peers at the same time', async () => {
    await using tracker = await start()
    const client = tracker.client(protocol)
    const ports = Array.from({ length: 50 }, (_, index) => 10_000 + index)
    const answers = await Promise.all(ports.map((port) => client.announce({ ...ANNOUNCE, port })))
    expect(answers.map(({ incomplete }) => Number(incomplete)).sort((a, b) => a - b)).toEqual(
      ports.map((_, index) => index + 1),
    )
  })

  test('sends all fields of an announce', async () => {
    const arrived: object[] = []
    await using tracker = await TestTracker.start({
      register: (app) =>
        void app.after(() =>
          app.tracker.addHook('preAnnounce', (announce) => {
            const { infoHash, peerId, port, left, uploaded, downloaded, event, numWant } = announce
            const { key, params } = announce
            const passkey = params.get('passkey')
            const counters = { left, uploaded, downloaded }
            arrived.push({ infoHash, peerId, port, ...counters, event, numWant, key, passkey })
          }),
        ),
    })
    const announce = {
      ...ANNOUNCE,
      uploaded: 5n,
      downloaded: 2n ** 63n,
      event: 'paused',
      numWant: 7,
      key: 0xcafe,
    } as const
    const path = '/announce?passkey=s%20ecret'
    await tracker.client(protocol, { path }).announce(announce)
    expect(arrived).toEqual([{ ...announce, passkey: 's ecret' }])
  })
})

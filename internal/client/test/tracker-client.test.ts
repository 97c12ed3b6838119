import { infoHashFrom, type InfoHash } from '@chihaya/bittorrent'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  trackerClient,
  TrackerFailure,
  type ClientAnnounce,
  type TrackerClient,
} from '../src/index.ts'
import { ANNOUNCE, endpointText, startTracker, type TestTracker } from './tracker.ts'

const UNKNOWN = infoHashFrom('nobody announced it.') as InfoHash

describe.each([
  ['httpUrl', '127.0.0.1'],
  ['udpUrl', '127.0.0.1'],
  ['udp6Url', '::1'],
] as const)('a client of the %s', (url, ownAddress) => {
  let tracker: TestTracker
  let client: TrackerClient

  beforeEach(async () => {
    tracker = await startTracker()
    client = trackerClient(tracker[url])
  })
  afterEach(async () => {
    await client.close()
    await tracker.app.close()
  })

  test('announces and reads the answer', async () => {
    const answer = await client.announce({ ...ANNOUNCE, event: 'started', numWant: 10 })
    expect(answer).toMatchObject({ interval: 1800, complete: 0, incomplete: 1 })
    expect(answer.peers.map(endpointText)).toEqual([`${ownAddress} 6881`])
  })

  test('scrapes in the order asked for', async () => {
    await client.announce({ ...ANNOUNCE, event: 'completed', left: 0n })
    expect(await client.scrape([UNKNOWN, ANNOUNCE.infoHash])).toMatchObject([
      { complete: 0, incomplete: 0, downloaded: 0 },
      { complete: 1, incomplete: 0, downloaded: 1 },
    ])
  })

  test('throws what the tracker refuses with', async () => {
    await expect(client.announce({ ...ANNOUNCE, port: 0 })).rejects.toThrow(
      new TrackerFailure('invalid port'),
    )
  })

  test('asks often at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        client.announce({ ...ANNOUNCE, port: 10_000 + index }),
      ),
    )
    expect(answers.map(({ incomplete }) => incomplete).sort((a, b) => a - b)).toEqual(
      answers.map((_, index) => index + 1),
    )
  })
})

describe('what arrives at the tracker', () => {
  test.each(['httpUrl', 'udpUrl'] as const)(
    'is what a client of the %s was told to say',
    async (url) => {
      const arrived: object[] = []
      const tracker = await startTracker(({ tracker: core }) => {
        core.addHook(
          'preAnnounce',
          ({ infoHash, peerId, port, left, uploaded, downloaded, event, numWant, params }) => {
            const passkey = params.get('passkey')
            arrived.push({
              infoHash,
              peerId,
              port,
              left,
              uploaded,
              downloaded,
              event,
              numWant,
              passkey,
            })
          },
        )
      })
      const client = trackerClient(`${tracker[url]}?passkey=s%20ecret`)
      const announce: ClientAnnounce = {
        ...ANNOUNCE,
        uploaded: 5n,
        downloaded: 2n ** 63n,
        event: 'paused',
        numWant: 7,
      }
      await client.announce(announce)
      expect(arrived).toEqual([{ ...announce, passkey: 's ecret' }])
      await client.close()
      await tracker.app.close()
    },
  )
})

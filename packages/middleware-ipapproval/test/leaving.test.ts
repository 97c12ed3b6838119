import { address, announceTo, sampleAnnounce } from '@chihaya/core/testing'
import { TrackerFailure } from '@chihaya/client'
import { ANNOUNCE, TestTracker, type Protocol } from '@internal/test-tracker'
import { describe, expect, test } from 'vitest'
import { ipApproval } from '@chihaya/middleware-ipapproval'

const PROTOCOLS: Protocol[] = ['http', 'http6', 'udp', 'udp6']

/**
 * Puts the peer of this machine into the swarm, as an announce has that was taken under other
 * rules.
 */
async function enter(tracker: TestTracker, protocol: Protocol): Promise<void> {
  const source = address(protocol.endsWith('6') ? '::1' : '127.0.0.1')
  const { infoHash, peerId, port } = ANNOUNCE
  await announceTo(
    tracker.app.peerStore,
    sampleAnnounce({ infoHash, peerId, port, address: source, numWant: 0 }),
  )
}

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test.each([
    ['and no hook', false],
    ['and hooks', true],
  ])('a peer can leave a tracker that rejects private addresses %s', async (_what, hooked) => {
    await using tracker = await TestTracker.start({
      register: (app) => void (hooked && app.register(ipApproval, {})),
      core: { rejectPrivatePeers: true },
    })
    await enter(tracker, protocol)
    const client = tracker.client(protocol)
    await expect(client.announce(ANNOUNCE)).rejects.toThrow(new TrackerFailure('invalid IP'))
    expect(await client.announce({ ...ANNOUNCE, event: 'stopped' })).toMatchObject({
      complete: 0,
      incomplete: 0,
    })
    expect(await tracker.app.peerStore.stats()).toMatchObject({ swarms: 0 })
  })

  test('a peer that was never approved can leave', async () => {
    await using tracker = await TestTracker.start({
      register: (app) => void app.register(ipApproval, { whitelist: [] }),
    })
    await enter(tracker, protocol)
    const client = tracker.client(protocol)
    await expect(client.announce(ANNOUNCE)).rejects.toThrow(
      new TrackerFailure('unapproved address'),
    )
    expect(await client.announce({ ...ANNOUNCE, event: 'stopped' })).toMatchObject({
      complete: 0,
      incomplete: 0,
    })
    expect(await tracker.app.peerStore.stats()).toMatchObject({ swarms: 0 })
    // It creates nothing either.
    await client.announce({ ...ANNOUNCE, port: 7000, event: 'stopped' })
    expect(await tracker.app.peerStore.stats()).toMatchObject({ swarms: 0 })
  })
})

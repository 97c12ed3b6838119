import { scrapeFrom } from '@chihaya/core/testing'
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { OTHER_TORRENT, RSA, seconds, token, TORRENT } from './tokens.ts'
import { PROTOCOLS, Tracker } from './tracker.ts'

const HEX = Buffer.from(OTHER_TORRENT, 'latin1').toString('hex')

const [other] = [generateKeyPairSync('rsa', { modulusLength: 2048 })]

/** What clients come back with when their token is good no longer. */
const leaving: Array<[what: string, path: string]> = [
  ['has expired', `/announce?jwt=${token({ exp: seconds(-61) })}`],
  ['is for another torrent', `/announce?jwt=${token({ infohash: HEX })}`],
  [
    'is signed with a withdrawn key',
    `/announce?jwt=${token({}, { ...RSA, privateKey: other.privateKey })}`,
  ],
  ['is no token', '/announce?jwt=abc'],
  ['is missing', '/announce'],
]

describe.each(PROTOCOLS)('over %s a client can leave', (protocol) => {
  test.each(leaving)('whose token %s', async (_what, path) => {
    await using tracker = await Tracker.start({ keys: RSA.pem })
    const peers = async (): Promise<unknown> =>
      (await scrapeFrom(tracker.app.peerStore, [TORRENT]))[0]
    expect(await tracker.announce(protocol, token())).toBe('approved')
    expect(await tracker.announceTo(protocol, path)).toMatch(/^unapproved request/)
    expect(await peers()).toMatchObject({ incomplete: 1 })
    // "approved" is an answer without a failure. It tells nothing of the swarm.
    expect(await tracker.announceTo(protocol, path, TORRENT, 'stopped')).toBe('approved')
    expect(await peers()).toMatchObject({ complete: 0, incomplete: 0 })
  })
})

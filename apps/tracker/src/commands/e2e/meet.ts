import { readInfoHash, readPeerId, type PeerId } from '@chihaya/bittorrent'
import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Announcer, TestAnnounce } from './announcer.ts'

type Peer = Omit<TestAnnounce, 'event'>

/**
 * Lets two peers join a swarm of their own one after the other, and leave it. @throws unless the
 * second is given the first.
 */
export async function meet(announcer: Announcer, delay: number): Promise<void> {
  const infoHash = readInfoHash(randomBytes(20), 0)
  const port = randomInt(1024, 65_000)
  const first: Peer = { infoHash, peerId: peerId(), port }
  const second: Peer = { infoHash, peerId: peerId(), port: port + 1 }
  const joined: Peer[] = []
  try {
    for (const peer of [first, second]) {
      joined.push(peer)
      // The first has to be there before the second.
      // oxlint-disable-next-line no-await-in-loop
      const given = await announcer.announce({ ...peer, event: 'started' })
      if (peer === second && !given.includes(first.port)) {
        throw new Error(`the second peer was given ${describe(given)}, not the first`)
      }
      // oxlint-disable-next-line no-await-in-loop
      if (peer === first) await wait(delay)
    }
  } finally {
    await Promise.allSettled(
      joined.map((peer) => announcer.announce({ ...peer, event: 'stopped' })),
    )
  }
}

function peerId(): PeerId {
  return readPeerId(Buffer.from(`-CE2000-${randomBytes(6).toString('hex')}`), 0)
}

function describe(ports: readonly number[]): string {
  return ports.length === 0 ? 'no peers' : `peers at ports ${ports.join(', ')}`
}

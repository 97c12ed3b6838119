import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { readInfoHash } from '@chihaya/bittorrent'
import {
  randomPeerId,
  type AnnounceAnswer,
  type ClientAnnounce,
  type TrackerClient,
} from '@chihaya/client'

type Peer = Omit<ClientAnnounce, 'event'>

const NUM_WANT = 50

/**
 * Has two peers join a random swarm one after the other, and leave it.
 * @returns what the tracker's answers had that a strict client would refuse.
 * @throws if the second peer is not given the first, or the tracker does not answer.
 */
export async function meet(tracker: TrackerClient, delay: number): Promise<ReadonlySet<string>> {
  const remarks = new Set<string>()
  const announce = async (peer: Peer, event: 'started' | 'stopped'): Promise<AnnounceAnswer> => {
    const answer = await tracker.announce({ ...peer, event })
    for (const remark of answer.remarks) remarks.add(remark)
    return answer
  }
  const infoHash = readInfoHash(randomBytes(20), 0)
  const port = randomInt(1024, 65_000)
  const [first, second] = [port, port + 1].map((each) => ({
    infoHash,
    peerId: randomPeerId('-CE2000-'),
    port: each,
    left: 1n,
    numWant: NUM_WANT,
  })) as [Peer, Peer]
  const joined = [first]
  try {
    await announce(first, 'started')
    await wait(delay)
    joined.push(second)
    const given = (await announce(second, 'started')).peers.map((peer) => peer.port)
    if (!given.includes(first.port))
      throw new Error(`the second peer was given ${describe(given)}, not the first`)
  } finally {
    await Promise.allSettled(joined.map((peer) => announce(peer, 'stopped')))
  }
  return remarks
}

function describe(ports: readonly number[]): string {
  return ports.length === 0 ? 'no peers' : `peers at ports ${ports.join(', ')}`
}

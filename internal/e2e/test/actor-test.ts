import { formatAddress, peerIdFrom, type InfoHash, type PeerId } from '@chihaya/bittorrent'
import {
  trackerClient,
  type AnnounceAnswer,
  type ClientAnnounce,
  type ScrapeAnswer,
  type TrackerClient,
} from '@chihaya/client'
import { randomBytes } from 'node:crypto'
import { labTest } from './lab-test.ts'
import type { Transport } from './transfer.ts'

const PORT = 6881

/** An answer with peers as `address:port`. */
type ReadableAnswer = Pick<AnnounceAnswer, 'interval' | 'complete' | 'incomplete'> & {
  peers: string[]
}

/** A peer that the test plays, with its own address. */
export interface Actor {
  /** The endpoint that other peers see. */
  readonly endpoint: string
  announce(
    infoHash: InfoHash,
    announce: Pick<ClientAnnounce, 'left'> & Partial<ClientAnnounce>,
  ): Promise<ReadableAnswer>
  scrape(infoHashes: readonly InfoHash[]): Promise<ScrapeAnswer[]>
}

/** A test that can add actors to the lab, until it ends. */
export const actorTest = labTest.extend('addActor', async ({ lab }, { onCleanup }) => {
  const clients: TrackerClient[] = []
  onCleanup(async () => {
    await Promise.all(clients.map((client) => client.close()))
  })
  return async ([protocol, family]: Transport): Promise<Actor> => {
    const localAddress = lab.network.addAddresses()[family]
    const client = trackerClient(lab.tracker.announceUrl(protocol, family), {
      localAddress,
      retransmission: 1000,
    })
    clients.push(client)
    return actor(client, localAddress)
  }
})

function actor(client: TrackerClient, address: string): Actor {
  const peerId = peerIdFrom(`-TS0001-${randomBytes(6).toString('hex')}`) as PeerId
  return {
    endpoint: `${address}:${PORT}`,
    async announce(infoHash, announce) {
      const { interval, complete, incomplete, peers } = await client.announce({
        infoHash,
        peerId,
        port: PORT,
        ...announce,
      })
      return {
        interval,
        complete,
        incomplete,
        peers: peers.map((peer) => `${formatAddress(peer.address)}:${peer.port}`),
      }
    },
    scrape: (infoHashes) => client.scrape(infoHashes),
  }
}

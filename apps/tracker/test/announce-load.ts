import { infoHashFrom, peerIdFrom, type InfoHash, type PeerId } from '@chihaya/bittorrent'
import { HttpTrackerClient, UdpTrackerClient } from '@chihaya/client'
import { onTestFinished } from 'vitest'

const LEECHER = {
  infoHash: infoHashFrom('a'.repeat(20)) as InfoHash,
  peerId: peerIdFrom('-XX0001-bbbbbbbbbbbb') as PeerId,
  left: 1n,
}
/** Milliseconds; shorter than the first retransmission, so that a lost datagram is an error. */
const TIMEOUT = 10_000

/** Announces the same peer again, and returns the tracker's interval. @throws any refusal. */
export type Announcer = () => Promise<number>

/** Over HTTP, on one connection or on a new one for each announce. */
export function httpAnnouncer(port: number, peerPort: number, keepAlive: boolean): Announcer {
  const url = `http://127.0.0.1:${port}/announce`
  const kept = new HttpTrackerClient(url, { timeout: TIMEOUT })
  onTestFinished(() => kept.close())
  return async () => {
    const client = keepAlive ? kept : new HttpTrackerClient(url, { timeout: TIMEOUT })
    try {
      return (await client.announce({ ...LEECHER, port: peerPort })).interval
    } finally {
      if (!keepAlive) await client.close()
    }
  }
}

/** Over UDP, from one socket and with one connection id, as long as a client may use it. */
export async function udpAnnouncer(port: number, peerPort: number): Promise<Announcer> {
  const client = new UdpTrackerClient(`udp://127.0.0.1:${port}`, { timeout: TIMEOUT })
  onTestFinished(() => client.close())
  await client.connect()
  return async () => (await client.announce({ ...LEECHER, port: peerPort, numWant: 0 })).interval
}

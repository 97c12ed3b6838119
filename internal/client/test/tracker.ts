import {
  formatAddress,
  infoHashFrom,
  peerIdFrom,
  type Endpoint,
  type InfoHash,
  type PeerId,
} from '@chihaya/bittorrent'
import { trackerCore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { httpFrontend } from '@chihaya/http-frontend'
import { udpFrontend } from '@chihaya/udp-frontend'
import Fastify, { type FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { ClientAnnounce } from '../src/index.ts'

/** A tracker on ports of its own, and where it announces. */
export interface TestTracker {
  readonly app: FastifyInstance
  readonly httpUrl: string
  readonly udpUrl: string
  readonly udp6Url: string
}

/** Starts a tracker; `extend` may add hooks to it. */
export async function startTracker(extend?: (app: FastifyInstance) => void): Promise<TestTracker> {
  const app = Fastify()
  app.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: Date.now }))
  app.register(trackerCore)
  app.register(httpFrontend)
  const listen = ['127.0.0.1', '::1'].map((host) => ({ host, port: 0 }))
  app.register(udpFrontend, { listen })
  app.after(() => extend?.(app))
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const [ipv4, ipv6] = app.udpTracker.addresses() as [AddressInfo, AddressInfo]
  return {
    app,
    httpUrl: `${origin}/announce`,
    udpUrl: `udp://127.0.0.1:${ipv4.port}/announce`,
    udp6Url: `udp://[::1]:${ipv6.port}/announce`,
  }
}

/** An announce whose bytes need every kind of escape. */
export const ANNOUNCE: ClientAnnounce = {
  infoHash: infoHashFrom('\x00\xff&=%+ infohash 20 b') as InfoHash,
  peerId: peerIdFrom('-TS0001-\x00\x80\xc3\xa9/?#%&+ x') as PeerId,
  port: 6881,
  left: 2n ** 63n,
}

export function endpointText({ address, port }: Endpoint): string {
  return `${formatAddress(address)} ${port}`
}

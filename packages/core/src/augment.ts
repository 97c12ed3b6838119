import type { PeerStore } from './peer-store.ts'
import type { Tracker } from './tracker.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The tracker of this scope; its hooks follow Fastify's encapsulation. */
    tracker: Tracker
    /** Where the tracker of this scope keeps its swarms. */
    peerStore: PeerStore
  }
}

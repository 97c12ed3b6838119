import type { HookMeter } from './meter/hook-meter.ts'
import type { PeerStore } from './peer-store.ts'
import type { RequestMeter } from './meter/request-meter.ts'
import type { Tracker } from './tracker.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The tracker of this scope; its hooks follow Fastify's encapsulation. */
    tracker: Tracker
    /** Where the tracker of this scope keeps its swarms. */
    peerStore: PeerStore
    /**
     * Counts the requests of every frontend at or below this scope; absent unless the application
     * decorates it.
     */
    requestMeter?: RequestMeter
    /**
     * Measures the hooks of every tracker at or below this scope; absent unless the application
     * decorates it.
     */
    hookMeter?: HookMeter
  }
}

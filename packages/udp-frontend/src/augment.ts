import type { UdpTracker } from './frontend.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The UDP side of this scope's tracker. */
    udpTracker: UdpTracker
  }
}

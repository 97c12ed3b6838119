import type { PrivateTracker } from './private-tracker.ts'

declare module 'fastify' {
  interface FastifyInstance {
    privateTracker: PrivateTracker
  }
}

declare module '@chihaya/core' {
  interface TrackerContext {
    /** The member who announces, by id, and the record of the torrent; set by private tracking. */
    member?: { readonly user: number; readonly torrent: number }
  }
}

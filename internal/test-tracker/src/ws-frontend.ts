import { announceTo, sampleAnnounce, type AnnounceChanges } from '@chihaya/core/testing'
import type { FastifyInstance } from 'fastify'

/** A frontend of another package, whose peers are browsers. Its sockets are left out. */
export class WsFrontend {
  readonly #app: FastifyInstance

  /** Call this where plugins are registered. */
  constructor(app: FastifyInstance) {
    this.#app = app
    app.addHook('onReady', async () => app.requestMeter?.addProtocol('ws'))
  }

  /** Announces the peer with this handle, and counts the request as 200 bytes, 100 bytes, 20 ms. */
  async announce(handle: number, changes: AnnounceChanges = {}): Promise<void> {
    const { tracker, requestMeter } = this.#app
    await announceTo(tracker, sampleAnnounce({ protocol: 'ws', port: 0, handle, ...changes }))
    requestMeter?.count('ws', 'announce', 'webrtc', '', 200, 100, 20)
  }
}

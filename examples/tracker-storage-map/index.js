import { durationSchema, parseDuration, parseOptions } from '@chihaya/core'
import fp from 'fastify-plugin'
import { MapPeerStore } from './map-peer-store.js'

const NAME = 'tracker-storage-map'

export const optionsSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    peerLifetime: durationSchema('How long a peer is kept after its last announce.', '46m'),
  },
}

async function plugin(fastify, options) {
  const peerLifetime = parseDuration(parseOptions(NAME, optionsSchema, options).peerLifetime)
  const store = new MapPeerStore({ peerLifetime })
  fastify.decorate('peerStore', store)

  const timer = setInterval(() => store.expire(), 60_000).unref()
  fastify.addHook('onClose', async () => clearInterval(timer))
}

export default fp(plugin, { name: NAME, fastify: '5.x' })

import { parseDuration, parseOptions } from '@chihaya/core'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { CoarseClock } from './expiry/coarse-clock.ts'
import { ExpiryTimer } from './expiry/expiry-timer.ts'
import { availableMemory } from './limits/memory-bounds.ts'
import { MemoryPeerStore } from './memory-peer-store.ts'
import { optionsSchema, type MemoryStorageOptions } from './options.ts'

const plugin: FastifyPluginAsync<MemoryStorageOptions> = async (fastify, options) => {
  const clock = new CoarseClock()
  const store = new MemoryPeerStore(options, clock.now)
  const { gcInterval } = parseOptions('@chihaya/storage-memory', optionsSchema, options)
  const expiry = new ExpiryTimer(
    store,
    Math.min(parseDuration(gcInterval), store.longestExpiryInterval),
  )
  fastify.log.debug({ ...store.limits, memory: availableMemory() }, 'bounds of the memory store')
  fastify.decorate('peerStore', store)
  fastify.addHook('onReady', async () => {
    clock.start()
    expiry.start()
  })
  fastify.addHook('onClose', async () => {
    clock.stop()
    expiry.stop()
  })
}

export const memoryStorage: FastifyPluginAsync<MemoryStorageOptions> = fp(plugin, {
  name: '@chihaya/storage-memory',
  fastify: '5.x',
})

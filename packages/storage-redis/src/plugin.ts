import { parseOptions } from '@chihaya/core'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { createStore } from './create-store.ts'
import { optionsSchema, type RedisStorageOptions } from './options.ts'
import { NAME } from './connection/redis-address.ts'
import { timeoutsOf } from './connection/timeouts.ts'

/** Milliseconds. Fastify gives up a plugin after 10 s, and would not say why. */
const MAX_BOOT = 8000

const plugin: FastifyPluginAsync<RedisStorageOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const store = await createStore(options, fastify.log)
  fastify.decorate('peerStore', store)
  fastify.addHook('onReady', async () => {
    await store.connect(
      Math.min(timeoutsOf(options).connect, MAX_BOOT),
      options.client === undefined,
    )
    store.start()
  })
  fastify.addHook('onClose', async () => {
    await store.close()
  })
}

export const redisStorage: FastifyPluginAsync<RedisStorageOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
})

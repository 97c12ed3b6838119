import { parseOptions } from '@chihaya/core'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { createStore } from './create-store.ts'
import { timeoutsOf } from './connection/client.ts'
import { optionsSchema, PACKAGE, type RedisStorageOptions } from './options.ts'

/** Milliseconds. Fastify gives up a plugin after 10 s, and does not log why. */
const MAX_BOOT = 8000

const plugin: FastifyPluginAsync<RedisStorageOptions> = async (fastify, given) => {
  const options = parseOptions(PACKAGE, optionsSchema, given)
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
  name: PACKAGE,
  fastify: '5.x',
})

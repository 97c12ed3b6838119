import { parseDuration } from '@chihaya/core'
import type { FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import { MemoryPeerStore } from './memory-peer-store.ts'
import { optionsSchema, type MemoryStorageOptions } from './options.ts'

/** Milliseconds of expiry at a time, and between two times: nobody waits for it, and it never takes more than a tenth. */
const SLICE = 0.5
const PAUSE = 5

const plugin: FastifyPluginCallback<MemoryStorageOptions> = (fastify, options, done) => {
  const store = new MemoryPeerStore(options)
  const interval = parseDuration(options.gcInterval ?? (optionsSchema.properties.gcInterval.default as string))
  let timer: NodeJS.Timeout | undefined
  const walk = (began: number): void => {
    const now = performance.now()
    const complete = store.expire(SLICE)
    const next = complete ? Math.max(PAUSE, began + interval - now) : PAUSE
    timer = setTimeout(() => walk(complete ? performance.now() : began), next).unref()
  }
  fastify.decorate('peerStore', store)
  fastify.addHook('onReady', (next) => {
    timer = setTimeout(() => walk(performance.now()), interval).unref()
    next()
  })
  fastify.addHook('onClose', (_instance, next) => {
    clearTimeout(timer)
    next()
  })
  done()
}

export const memoryStorage: FastifyPluginCallback<MemoryStorageOptions> = fp(plugin, {
  name: '@chihaya/storage-memory',
  fastify: '5.x',
})

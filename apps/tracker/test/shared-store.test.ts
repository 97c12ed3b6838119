import { ModelPeerStore } from '@chihaya/core/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import pino from 'pino'
import { describe, expect, it } from 'vitest'
import { SharedStore } from '../src/run/shared-store.ts'

const log = pino({ level: 'silent' })
const closed: string[] = []

const plugin = fp(
  async (fastify: FastifyInstance) => {
    fastify.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: Date.now }))
    fastify.decorate('database', { name: 'of the store' })
    fastify.addHook('onClose', async () => void closed.push('store'))
  },
  { name: 'my-store' },
)

describe('a shared store', () => {
  it('is the same object in every application, with all decorators of its plugin, and outlives them', async () => {
    const store = await SharedStore.open({ plugin, options: {} }, log)
    const seen: unknown[] = []
    const hook = fp(
      async (fastify: FastifyInstance) => void seen.push(fastify.getDecorator('database')),
      {
        name: 'hook',
        dependencies: ['my-store'],
      },
    )
    for (let round = 0; round < 2; round++) {
      const app = Fastify()
      app.register(store.plugin)
      app.register(hook)
      await app.ready()
      seen.push(app.peerStore)
      await app.close()
    }
    expect([seen[0], seen[1]]).toEqual([seen[2], seen[3]])
    expect(seen[3]).toBe(seen[1])
    expect(closed).toEqual([])
    await store.close()
    expect(closed).toEqual(['store'])
  })

  it('recognises a configuration with another store', async () => {
    const store = await SharedStore.open(undefined, log)
    expect([store.matches(undefined), store.matches({ name: 'memory' })]).toEqual([true, true])
    expect([
      store.matches({ name: 'memory', options: { maxSwarms: 1 } }),
      store.matches({ plugin }),
    ]).toEqual([false, false])
    await store.close()
  })

  it('leaves nothing open if its plugin fails', async () => {
    const failing = async (fastify: FastifyInstance): Promise<void> => {
      fastify.addHook('onClose', async () => void closed.push('failed'))
      fastify.addHook('onReady', async () => {
        throw new Error('no database')
      })
    }
    await expect(SharedStore.open({ plugin: failing }, log)).rejects.toThrow('no database')
    expect(closed).toContain('failed')
  })
})

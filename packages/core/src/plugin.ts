import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import fp from 'fastify-plugin'
import type { CoreOptions } from './options.ts'
import type { PeerStore } from './peer-store.ts'
import { Tracker } from './tracker.ts'
import './augment.ts'

const plugin: FastifyPluginCallback<CoreOptions> = (fastify, options, done) => {
  const tracker = new Tracker({ store: fastify.getDecorator<PeerStore>('peerStore'), options, log: fastify.log })
  fastify.decorate('tracker', tracker)
  // A child scope gets a fork, so that its hooks stay its own. A scope that holds a second tracker keeps that one.
  fastify.addHook('onRegister', (instance: FastifyInstance) => {
    if (!Object.hasOwn(instance, 'tracker')) instance.tracker = instance.tracker.fork()
  })
  fastify.addHook('onReady', (next) => {
    tracker.start()
    next()
  })
  // HTTP announces still arrive after `preClose`, so post hooks are waited for here.
  fastify.addHook('onClose', async () => {
    await tracker.close()
  })
  done()
}

export const trackerCore: FastifyPluginCallback<CoreOptions> = fp(plugin, {
  name: '@chihaya/core',
  fastify: '5.x',
  decorators: { fastify: ['peerStore'] },
})

import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { addressScope } from '@chihaya/bittorrent'
import fp from 'fastify-plugin'
import { evictRefused } from './eviction.ts'
import { lastingObjectsOf } from './lasting.ts'
import type { CoreOptions } from './options.ts'
import type { PeerStore } from './peer-store.ts'
import { readinessOf } from './readiness.ts'
import { Tracker } from './tracker.ts'
import './augment.ts'

const NAME = '@chihaya/core'

/** The scopes whose tracker is a fork of their parent's. */
const forked = new WeakSet<FastifyInstance>()

// Async for its errors alone: what a plugin with a callback throws, Fastify does not catch.
const plugin: FastifyPluginAsync<CoreOptions> = async (fastify, options) => {
  // Before middleware, which closes before what it may use.
  lastingObjectsOf(fastify)
  const store = fastify.getDecorator<PeerStore>('peerStore')
  const tracker = new Tracker({ store, options, log: fastify.log })
  // A tracker of the scope's own takes the place of a fork; a second one is refused by `decorate`.
  if (forked.delete(fastify)) fastify.tracker = tracker
  else fastify.decorate('tracker', tracker)

  const readiness = readinessOf(fastify)
  readiness.add('store', () => store.readiness?.() ?? true)

  // A child scope gets a fork of the nearest tracker, so that its hooks stay its own.
  fastify.addHook('onRegister', (instance: FastifyInstance) => {
    instance.tracker = instance.tracker.fork()
    forked.add(instance)
  })
  fastify.addHook('onReady', (next) => {
    tracker.start(fastify.hookMeter)
    next()
  })
  if (options.rejectPrivatePeers === true) {
    evictRefused(fastify, NAME, { address: (address) => addressScope(address) !== 'public' })
  }
  // Before frontends drain: what balances the load should send nobody any more.
  fastify.addHook('preClose', (done) => {
    readiness.close()
    done()
  })
  // For applications that announce without a frontend.
  fastify.addHook('onClose', async () => {
    await tracker.drain()
  })
}

export const trackerCore: FastifyPluginAsync<CoreOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  decorators: { fastify: ['peerStore'] },
})

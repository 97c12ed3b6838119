import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { addressScope } from '@chihaya/bittorrent'
import fp from 'fastify-plugin'
import { evictRefused } from './store/eviction.ts'
import { lastingObjectsOf } from './lifecycle/lasting.ts'
import type { HookMeter } from './meter/hook-meter.ts'
import type { RequestMeter } from './meter/request-meter.ts'
import type { CoreOptions } from './options/core-options.ts'
import type { PeerStore } from './store/peer-store.ts'
import { readinessOf } from './readiness/readiness.ts'
import { Tracker } from './tracker.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The tracker of this scope. Its hooks follow Fastify's encapsulation. */
    tracker: Tracker
    /** The store of this scope's tracker. */
    peerStore: PeerStore
    /** Counts requests to frontends in this scope and below, if the application decorates it. */
    requestMeter?: RequestMeter
    /** Measures hooks of trackers in this scope and below, if the application decorates it. */
    hookMeter?: HookMeter
  }
}

const NAME = '@chihaya/core'

/** The scopes whose tracker is a fork of their parent's. */
const forked = new WeakSet<FastifyInstance>()

// Async only for its errors: Fastify does not catch errors of a plugin with a callback.
const plugin: FastifyPluginAsync<CoreOptions> = async (fastify, options) => {
  // Before middleware, which closes before what it may use.
  lastingObjectsOf(fastify)
  const store = fastify.getDecorator<PeerStore>('peerStore')
  const tracker = new Tracker({ store, options, log: fastify.log })
  // The scope's own tracker replaces a fork. `decorate` refuses a second one.
  if (forked.delete(fastify)) fastify.tracker = tracker
  else fastify.decorate('tracker', tracker)

  const readiness = readinessOf(fastify)
  readiness.add('store', () => store.readiness?.() ?? true)

  // A child scope gets a fork of the nearest tracker, so that its hooks stay in the scope.
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
  // Before frontends drain, so that load balancers stop sending requests.
  fastify.addHook('preClose', (done) => {
    readiness.close()
    done()
  })
  // Frontends have drained already. This is for applications without one.
  fastify.addHook('onClose', async () => {
    await tracker.drain()
  })
}

export const trackerCore: FastifyPluginAsync<CoreOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  decorators: { fastify: ['peerStore'] },
})

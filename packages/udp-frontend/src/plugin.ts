import { handOver, lasting, parseOptions, readinessOf, type Tracker } from '@chihaya/core'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { UdpFrontend } from './frontend.ts'
import { optionsSchema, type UdpFrontendOptions } from './options.ts'
import './augment.ts'

const NAME = '@chihaya/udp-frontend'

/** Whose sockets are open: the next application finds them here. */
interface InForce {
  frontend: UdpFrontend | undefined
}

// Asynchronous although it waits for nothing: Fastify does not catch what a plugin with a callback
// throws.
const plugin: FastifyPluginAsync<UdpFrontendOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const tracker = fastify.getDecorator<Tracker>('tracker')
  const frontend = new UdpFrontend({
    tracker,
    options,
    // Who names an address wants it; the default is a guess about the host.
    optionalAddresses: given.listen === undefined,
    log: fastify.log,
  })
  fastify.decorate('udpTracker', frontend)
  const inForce = lasting(fastify, NAME, { create: (): InForce => ({ frontend: undefined }) })
  readinessOf(fastify).add('udp', () => frontend.addresses().length > 0 || 'no socket is bound')
  fastify.addHook('onReady', async () => {
    // Now, as whoever measures or adds hooks may have been registered after this.
    frontend.start(fastify.requestMeter)
    if (options.bind === false) return
    const handover = await frontend.takeOver(inForce.frontend)
    await handOver(fastify, {
      commit: async () => {
        inForce.frontend = frontend
        await handover.commit()
      },
      cancel: () => handover.cancel(),
    })
  })
  fastify.addHook('preClose', async () => {
    await frontend.drain()
  })
  fastify.addHook('onClose', async () => {
    await frontend.close()
    // The middleware before this plugin is still open, and its post hooks may need what it holds.
    await tracker.drain()
  })
}

export const udpFrontend: FastifyPluginAsync<UdpFrontendOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})

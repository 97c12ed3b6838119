import { handOver, lasting, parseOptions, readinessOf, type Tracker } from '@chihaya/core'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { UdpFrontend } from './frontend.ts'
import { optionsSchema, type UdpFrontendOptions } from './options.ts'
import './augment.ts'

const NAME = '@chihaya/udp-frontend'

/** The frontend that has the sockets. The next application finds it here. */
interface InForce {
  frontend: UdpFrontend | undefined
}

// Asynchronous, since Fastify does not catch what a callback plugin throws.
const plugin: FastifyPluginAsync<UdpFrontendOptions> = async (fastify, given) => {
  const options = parseOptions(NAME, optionsSchema, given)
  const tracker = fastify.getDecorator<Tracker>('tracker')
  const frontend = new UdpFrontend({
    tracker,
    options,
    // The default addresses are a guess about the host.
    optionalAddresses: given.listen === undefined,
    log: fastify.log,
  })
  fastify.decorate('udpTracker', frontend)
  const inForce = lasting(fastify, NAME, {
    create: (): InForce => ({ frontend: undefined }),
    leave: async ({ frontend: previous }) => previous?.leave(),
  })
  readinessOf(fastify).add('udp', () => frontend.addresses().length > 0 || 'no socket is bound')
  fastify.addHook('onReady', async () => {
    // Now, since meters and hooks may have been registered after this plugin.
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
    // The middleware has not closed yet, and its post hooks may need what it owns.
    await tracker.drain()
  })
}

export const udpFrontend: FastifyPluginAsync<UdpFrontendOptions> = fp(plugin, {
  name: NAME,
  fastify: '5.x',
  dependencies: ['@chihaya/core'],
})

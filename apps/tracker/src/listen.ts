import type { FastifyPluginCallback } from 'fastify'
import { HttpListener, type HttpListenerOptions } from './http-listener.ts'

export interface HttpListenersOptions {
  readonly listeners: readonly HttpListenerOptions[]
}

/** Serves the routes of the application at addresses of its own, from when it is ready until it closes. */
export const httpListeners: FastifyPluginCallback<HttpListenersOptions> = (fastify, options, done) => {
  const listeners = options.listeners.map(
    (listener) => new HttpListener(listener, (request, response) => fastify.routing(request, response)),
  )
  fastify.addHook('onReady', async () => {
    for (const listener of listeners) {
      // One after the other, so that the log has them in the order of the configuration.
      // oxlint-disable-next-line no-await-in-loop
      const { address, port } = await listener.open()
      // An IPv6 socket at no address in particular takes IPv4 connections too.
      const families = address === '::' ? { families: 'IPv4 and IPv6' } : {}
      fastify.log.info({ address, port, ...families }, `the ${listener.protocol.toUpperCase()} tracker listens`)
    }
  })
  fastify.addHook('preClose', async () => {
    await Promise.all(listeners.map((listener) => listener.close()))
  })
  done()
}

import { bencodedErrorHandler, bencodedNotFoundHandler, recommendedServerOptions } from '@chihaya/http-frontend'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { ListenAddress } from './go-address.ts'
import type { TrackerConfig } from './config/tracker-config.ts'
import { httpListeners } from './listen.ts'
import { listenError } from './listen-error.ts'
import { trackerPlugin } from './plugin.ts'
import { resolveUdp, type UdpAddress } from './resolve-address.ts'

/** Addresses that UDP sockets can be bound to. @throws {ListenError} for a host name that leads nowhere. */
export async function resolveUdpAddresses(addresses: readonly ListenAddress[]): Promise<UdpAddress[]> {
  const resolved = await Promise.all(
    addresses.map(async (address) => {
      try {
        return await resolveUdp(address)
      } catch (error) {
        throw listenError('udp', address, error)
      }
    }),
  )
  return resolved.flat()
}

/** The tracker as an application that does nothing else: it serves from `ready()` to `close()`. */
export function buildApp(config: TrackerConfig, udpAddresses: readonly UdpAddress[], log: FastifyBaseLogger): FastifyInstance {
  const app: FastifyInstance = Fastify({ ...recommendedServerOptions, loggerInstance: log })
  app.setErrorHandler(bencodedErrorHandler)
  app.setNotFoundHandler(bencodedNotFoundHandler)
  const udp = udpAddresses.length === 0 ? false : { ...config.tracker.udp, listen: [...udpAddresses] }
  app.register(trackerPlugin, { ...config.tracker, udp })
  app.register(httpListeners, { listeners: config.http })
  return app
}

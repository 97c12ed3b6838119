import { isUnixAddress } from '@chihaya/listeners'
import type { HttpAddress } from '../../config/addresses.ts'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { localHost } from './local-host.ts'

// No route of any tracker, so nothing happens to any swarm.
const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

/**
 * What keeps an address of HTTP from answering; undefined when it does. A connection that the
 * tracker ends is an answer as well: it does that at `max_connections`, and to proxies that do not
 * say who their client is.
 */
export function httpAnswers(
  address: HttpAddress,
  isTls: boolean,
  timeout: number,
): Promise<string | undefined> {
  const target: NetConnectOpts = isUnixAddress(address)
    ? { path: address.path }
    : { host: localHost(address.host), port: address.port }
  return new Promise((resolve) => {
    let isConnected = false
    // The certificate is for the tracker's name, and this is not about it.
    const socket: Socket = isTls
      ? connectTls({ ...target, rejectUnauthorized: false })
      : connect(target)
    const finish = (problem?: string): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(problem)
    }
    const timer = setTimeout(() => finish(`no answer within ${timeout / 1000} s`), timeout)
    socket.once('connect', () => {
      isConnected = true
    })
    socket.once(isTls ? 'secureConnect' : 'connect', () => socket.write(REQUEST))
    socket.once('data', () => finish())
    // A reset may be there before the connection is.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(isConnected || error.code === 'ECONNRESET' ? undefined : error.message),
    )
    socket.once('close', () => finish())
  })
}

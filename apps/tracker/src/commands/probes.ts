import { connect, isIPv6, type NetConnectOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { UdpTrackerClient } from '@chihaya/client'
import { isUnixAddress, type GoAddress } from '@chihaya/listeners'
import type { HttpAddress } from '../config/addresses.ts'
import { escapeText } from '../log/format.ts'

// Matches no route, so that no swarm changes.
const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
const RETRANSMISSION = 500

/** Asks the admin server for `/healthz` or `/readyz`. @returns the problem, if there is one. */
export async function probeAdminServer(
  address: GoAddress,
  path: string,
  timeout: number,
): Promise<string | undefined> {
  try {
    const url = `http://${localHost(address)}:${address.port}${path}`
    const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'manual' })
    const body = await response.text()
    return response.ok
      ? undefined
      : `HTTP status ${response.status}: ${escapeText(body.slice(0, 500))}`
  } catch (error) {
    const { name, message, cause } = error as Error
    if (name === 'TimeoutError') return noAnswer(timeout)
    return cause instanceof Error && cause.message !== '' ? cause.message : message
  }
}

/**
 * Waits for any answer at an HTTP address. A connection that the tracker ends counts as one: it
 * ends those beyond `max_connections`, and those of proxies that do not name their client.
 * @returns the problem, if there is one.
 */
export function probeHttp(
  address: HttpAddress,
  isTls: boolean,
  timeout: number,
): Promise<string | undefined> {
  const target: NetConnectOpts = isUnixAddress(address)
    ? { path: address.path }
    : { host: address.host || '127.0.0.1', port: address.port }
  return new Promise((resolve) => {
    let isConnected = false
    // The certificate is for the tracker's public name, not for the address probed here.
    const socket: Socket = isTls
      ? connectTls({ ...target, rejectUnauthorized: false })
      : connect(target)
    const finish = (problem?: string): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(problem)
    }
    const timer = setTimeout(() => finish(noAnswer(timeout)), timeout)
    socket.once('connect', () => {
      isConnected = true
    })
    socket.once(isTls ? 'secureConnect' : 'connect', () => socket.write(REQUEST))
    socket.once('data', () => finish())
    // A reset may arrive before the connection is reported.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish(isConnected || error.code === 'ECONNRESET' ? undefined : error.message),
    )
    socket.once('close', () => finish())
  })
}

/** Sends a connect request (BEP 15) to a UDP address. @returns the problem, if there is one. */
export async function probeUdp(address: GoAddress, timeout: number): Promise<string | undefined> {
  const url = `udp://${localHost(address)}:${address.port}`
  const client = new UdpTrackerClient(url, { timeout, retransmission: RETRANSMISSION })
  try {
    await client.connect()
    return undefined
  } catch (error) {
    return (error as Error).message
  } finally {
    await client.close()
  }
}

/** The host part of a URL for a listening address; '' listens on every address. */
function localHost({ host }: GoAddress): string {
  if (host === '') return '127.0.0.1'
  return isIPv6(host) ? `[${host}]` : host
}

function noAnswer(timeout: number): string {
  return `no answer within ${timeout / 1000} s`
}

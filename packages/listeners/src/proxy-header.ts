import { formatAddress, parseProxyHeader, type ProxyHeader } from '@chihaya/bittorrent'
import type { Socket } from 'node:net'

/**
 * Reads the header of the PROXY protocol that a connection begins with, and leaves what follows it
 * to be read. `done` is called once: with the header, or undefined when other bytes have come or it
 * is not whole after `patience` milliseconds. It is not called for a connection that ends before,
 * nor for one without a single byte, such as a proxy's check that the port is open.
 */
export function readProxyHeader(
  socket: Socket,
  patience: number,
  done: (header: ProxyHeader | undefined) => void,
): void {
  let received: Buffer = Buffer.alloc(0)
  const finish = (header: ProxyHeader | undefined): void => {
    clearTimeout(timer)
    socket.off('readable', read).off('end', end).off('close', stop)
    done(header)
  }
  const end = (): void => void socket.destroy()
  const stop = (): void => clearTimeout(timer)
  const read = (): void => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const header = parseProxyHeader(received, 0, received.length)
    if (header === 'incomplete') return
    if (typeof header === 'string') return finish(undefined)
    if (received.length > header.length) socket.unshift(received.subarray(header.length))
    finish(header)
  }
  const timer = setTimeout(
    () => (received.length === 0 ? end() : finish(undefined)),
    patience,
  ).unref()
  socket.on('readable', read).once('end', end).once('close', stop).on('error', ignore)
}

/**
 * Has a socket give the source in a header of the PROXY protocol for its own, to everybody who
 * asks.
 */
export function setRemote(
  socket: Socket,
  { address, port }: NonNullable<ProxyHeader['source']>,
): void {
  Object.defineProperties(socket, {
    remoteAddress: { value: formatAddress(address) },
    remoteFamily: { value: address.length === 4 ? 'IPv4' : 'IPv6' },
    remotePort: { value: port },
  })
}

// The connection closes, which is all there is to know.
function ignore(): void {}

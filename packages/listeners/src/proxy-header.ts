import { formatAddress, parseProxyHeader, type ProxyHeader } from '@chihaya/bittorrent'
import type { Socket } from 'node:net'

/**
 * Reads the header of the PROXY protocol at the start of a connection, and nothing after it. `done`
 * is called once: with the header, or with undefined if other bytes have arrived or the header is
 * incomplete after `patience` milliseconds. It is not called for a connection that ends before, or
 * that sends nothing, such as a proxy's check that the port is open.
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

/** Makes a socket report the client in a header of the PROXY protocol as its remote address. */
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

// The connection closes, for any reason.
function ignore(): void {}

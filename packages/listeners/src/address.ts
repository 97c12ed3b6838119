import { isIP } from 'node:net'

/** Where to listen, as Go's `net.Listen` understands it. */
export interface GoAddress {
  /**
   * An IP address without brackets, a host name, or '' for all IPv4 and IPv6 addresses of the
   * machine.
   */
  readonly host: string
  readonly port: number
}

/** An address to listen on. */
export interface ListenAddress extends GoAddress {
  /** The key of a configuration that asks for it, which error messages begin with. */
  readonly key?: string
}

/** A Unix socket to listen on. */
export interface UnixAddress {
  /** Absolute. */
  readonly path: string
  readonly key?: string
}

/** Where HTTP can be served. */
export type HttpAddress = ListenAddress | UnixAddress

const UNIX = 'unix:'

// Go, too, reads these as every address of both families: https://pkg.go.dev/net#Listen
const ALL_ADDRESSES: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])

/**
 * Reads `host:port`, `[ipv6]:port` or `:port`. As in Go, `0.0.0.0:6969`, `[::]:6969` and `:6969`
 * are equal. Undefined for anything else, such as a missing port, the name of a service, or IPv6
 * without brackets.
 */
export function parseGoAddress(text: string): GoAddress | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const [, bracketed, plain, digits] = match
  const port = Number(digits)
  if (port > 65535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined
  const host = bracketed ?? plain ?? ''
  if (/^[\d.]+$/.test(host) && isIP(host) !== 4) return undefined
  return { host: ALL_ADDRESSES.has(host) ? '' : host, port }
}

/** The address in the form that `parseGoAddress` reads. */
export function formatGoAddress({ host, port }: GoAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

export function isUnixAddress(address: HttpAddress): address is UnixAddress {
  return 'path' in address
}

/** The path in `unix:/run/chihaya.sock`, absolute and at most 103 bytes; undefined otherwise. */
export function parseUnixPath(text: string): string | undefined {
  const path = text.startsWith(`${UNIX}/`) ? text.slice(UNIX.length) : undefined
  // This fits into a `sockaddr_un` on any system.
  return path !== undefined && Buffer.byteLength(path) <= 103 ? path : undefined
}

/** The address in the form that `parseGoAddress` or `parseUnixPath` reads. */
export function formatHttpAddress(address: HttpAddress): string {
  return isUnixAddress(address) ? `${UNIX}${address.path}` : formatGoAddress(address)
}

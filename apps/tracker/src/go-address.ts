import { isIP } from 'node:net'

/** Where to listen, as Go's `net.Listen` reads it. */
export interface GoAddress {
  /**
   * An IP address without brackets, a host name, or '' for all IPv4 and IPv6 addresses of the
   * machine.
   */
  readonly host: string
  readonly port: number
}

/** An address to listen on, and the key that asks for it. */
export interface ListenAddress extends GoAddress {
  readonly key: string
}

// Go takes these for "every address of both families" too: https://pkg.go.dev/net#Listen
const ALL_ADDRESSES: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])

/**
 * Reads `host:port`, `[ipv6]:port` or `:port`. As in Go, `0.0.0.0:6969`, `[::]:6969` and `:6969`
 * are one and the same. Undefined for anything else, such as a missing port, names of services, and
 * IPv6 without brackets.
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

/** The address in the form `parseGoAddress` reads. */
export function formatGoAddress({ host, port }: GoAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

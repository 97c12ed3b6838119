import { Networks, parseAddress, type Address } from '@chihaya/bittorrent'
import type { Socket } from 'node:net'

export interface ConnectionLimits {
  /** Connections at a time, at all addresses together; 0 for no limit. @default 10000 */
  readonly maxConnections?: number
  /** The same from one IPv4 address or IPv6 /64; 0 for no limit. @default 0 */
  readonly maxConnectionsPerIp?: number
  /** Addresses and CIDR ranges of those who are neither counted nor limited. @default [] */
  readonly unlimited?: readonly string[]
}

// Far more than requests under way at any one time; those who hold connections open hit it before memory runs out.
const MAX_CONNECTIONS = 10_000
const IPV6_PREFIX = 8

/** Ends connections at once that are too many. */
export class ConnectionLimit {
  #max = MAX_CONNECTIONS
  #maxPerIp = 0
  #unlimited: Networks = new Networks([])
  #count = 0
  readonly #countByIp = new Map<string, number>()

  /** From the next connection on; those there are stay. */
  configure({ maxConnections = MAX_CONNECTIONS, maxConnectionsPerIp = 0, unlimited = [] }: ConnectionLimits): void {
    this.#max = maxConnections
    this.#maxPerIp = maxConnectionsPerIp
    this.#unlimited = new Networks(unlimited)
  }

  /** Counts a new connection until it closes, or ends it. */
  admit(socket: Socket): void {
    // None over a Unix socket, which only processes of this host can open.
    const address = socket.remoteAddress === undefined ? undefined : parseAddress(withoutZone(socket.remoteAddress))
    if (!address || this.#unlimited.has(address)) return
    const ip = ipKey(address)
    const sameIp = this.#countByIp.get(ip) ?? 0
    if (isReached(this.#max, this.#count) || isReached(this.#maxPerIp, sameIp)) {
      socket.destroy()
      return
    }
    this.#count++
    this.#countByIp.set(ip, sameIp + 1)
    socket.once('close', () => this.#release(ip))
  }

  #release(ip: string): void {
    this.#count--
    const sameIp = (this.#countByIp.get(ip) ?? 0) - 1
    if (sameIp > 0) this.#countByIp.set(ip, sameIp)
    else this.#countByIp.delete(ip)
  }
}

function isReached(limit: number, count: number): boolean {
  return limit > 0 && count >= limit
}

/** What one host has to itself: an IPv4 address, a /64 of IPv6. */
function ipKey(address: Address): string {
  return Buffer.from(address.subarray(0, IPV6_PREFIX)).toString('latin1')
}

function withoutZone(text: string): string {
  const zone = text.indexOf('%')
  return zone < 0 ? text : text.slice(0, zone)
}

import { Networks, parseAddress, type Address } from '@chihaya/bittorrent'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ConnectionLimit, DropListener } from './connection-limit.ts'
import { Connection } from './connection.ts'
import { isUnixAddress, type HttpAddress } from './address.ts'
import { readProxyHeader, setRemote } from './proxy-header.ts'

export interface ConnectionRules {
  /** Milliseconds for the header of the PROXY protocol to arrive. */
  readonly readTimeout: number
  /** Milliseconds that a client may not read what it is sent. */
  readonly writeTimeout: number
  /** Who begins a connection with such a header: see `HttpListenerOptions`. */
  readonly proxyProtocolFrom: readonly string[] | undefined
}

export interface ConnectionsInit {
  readonly server: Server
  readonly address: HttpAddress
  readonly rules: ConnectionRules
  readonly limit: ConnectionLimit
  readonly onDrop: DropListener
  /** Answers a connection that does not begin with the header it needs. */
  readonly refuse: (error: Error, socket: Socket) => void
}

/** Milliseconds between two looks for clients that do not read. */
const STALL_INTERVAL = 1000
// Turns of the event loop without a new connection after which none waits: the first may be past
// its poll for them.
const IDLE_TURNS = 2
/**
 * Connections that the system may hold before they are accepted, as far as it lets a program
 * choose.
 */
export const ACCEPT_QUEUE = 4096

/**
 * The connections of an HTTP or HTTPS server, which come here before the server reads from them.
 */
export class Connections {
  readonly #init: ConnectionsInit
  #rules: ConnectionRules
  #proxies: Networks | undefined
  readonly #all = new Set<Connection>()
  /** By what requests come over, too. */
  readonly #bySocket = new WeakMap<Socket, Connection>()
  #accepted = 0
  #ending = false

  constructor(init: ConnectionsInit) {
    const { server, rules } = init
    this.#init = init
    this.#rules = rules
    this.configure(rules)
    const listeners = server.listeners('connection')
    const pass = (socket: Socket): void => {
      for (const listener of listeners) listener.call(server, socket)
    }
    // Node's own would begin to read requests, or a TLS handshake.
    server.removeAllListeners('connection')
    server.on('connection', (socket) => this.#accept(socket, pass))
    server.prependListener('secureConnection', (secured: TLSSocket) => this.#secure(secured))
    server.once('listening', () => {
      const timer = setInterval(() => this.#endStalled(), STALL_INTERVAL).unref()
      server.once('close', () => clearInterval(timer))
    })
  }

  get size(): number {
    return this.#all.size
  }

  /** Whether each connection ends with the last reply that is due on it. */
  get ending(): boolean {
    return this.#ending
  }

  /** Bytes that have arrived on those that are open. */
  get receivedBytes(): number {
    let sum = 0
    for (const { socket } of this.#all) sum += socket.bytesRead
    return sum
  }

  /** From the next connection on. */
  configure(rules: ConnectionRules): void {
    this.#rules = rules
    this.#proxies = rules.proxyProtocolFrom && new Networks(rules.proxyProtocolFrom)
  }

  /** The connection that requests come over. */
  of(socket: Socket): Connection | undefined {
    return this.#bySocket.get(socket)
  }

  /** Has each connection, those to come included, end with the last reply that is due on it. */
  endWithLast(): void {
    this.#ending = true
    for (const connection of this.#all) connection.endWithLast()
  }

  /**
   * Accepts the connections that the system holds already, and would reset otherwise: one in each
   * turn of the event loop.
   */
  async acceptQueued(deadline: number): Promise<void> {
    const enough = this.#accepted + ACCEPT_QUEUE
    for (
      let idle = 0, last = this.#accepted;
      idle < IDLE_TURNS && last < enough && performance.now() < deadline;
    ) {
      // oxlint-disable-next-line no-await-in-loop
      await nextTurn()
      idle = this.#accepted === last ? idle + 1 : 0
      last = this.#accepted
    }
  }

  /**
   * Ends all connections that are not upgraded. This includes those in the middle of a TLS
   * handshake, which the server does not count.
   *
   * @returns whether any connection is left.
   */
  destroy(): boolean {
    for (const { socket, isUpgraded } of this.#all) if (!isUpgraded) socket.destroy()
    return [...this.#all].some(({ isUpgraded }) => isUpgraded)
  }

  #accept(socket: Socket, pass: (socket: Socket) => void): void {
    this.#accepted++
    const connection = new Connection(socket)
    if (!this.#init.limit.spareDescriptors(connection)) return
    this.#all.add(connection)
    this.#bySocket.set(socket, connection)
    socket.once('close', () => this.#all.delete(connection))
    if (this.#ending) connection.endWithLast()
    connection.source = sourceOf(socket)
    if (this.#isProxied(connection.source)) this.#readProxyHeader(connection, pass)
    else if (this.#init.limit.admit(connection)) pass(socket)
  }

  #isProxied(source: Address | undefined): boolean {
    if (!this.#proxies) return false
    return source === undefined ? isUnixAddress(this.#init.address) : this.#proxies.has(source)
  }

  #readProxyHeader(connection: Connection, pass: (socket: Socket) => void): void {
    const { socket } = connection
    readProxyHeader(socket, this.#rules.readTimeout, (header) => {
      if (!header) return this.#refuseProxy(socket)
      if (header.source) {
        connection.source = header.source.address
        connection.proxied = header.source
        setRemote(socket, header.source)
        if (!this.#init.limit.admit(connection)) return
      }
      pass(socket)
    })
  }

  /**
   * Answers a proxy that did not begin with a header as Node's HTTP parser answers what is no
   * request.
   */
  #refuseProxy(socket: Socket): void {
    const { server, onDrop, refuse } = this.#init
    onDrop('proxy_header', 'new')
    if ('setSecureContext' in server) socket.destroy()
    else refuse(new Error('no header of the PROXY protocol'), socket.resume())
  }

  #secure(secured: TLSSocket): void {
    // No other way leads from a TLS socket to the one beneath.
    const { _parent: socket } = secured as TLSSocket & { readonly _parent: Socket }
    const connection = this.#bySocket.get(socket)
    if (!connection) return
    this.#bySocket.set(secured, connection)
    if (connection.proxied) setRemote(secured, connection.proxied)
  }

  #endStalled(): void {
    const now = performance.now()
    for (const connection of this.#all)
      if (connection.isStalled(now, this.#rules.writeTimeout)) connection.socket.destroy()
  }
}

/**
 * Undefined over a Unix socket, which only processes of this host can open, and for a connection
 * that is gone already.
 */
function sourceOf({ remoteAddress = '' }: Socket): Address | undefined {
  // A link-local source carries the zone it came from.
  const zone = remoteAddress.indexOf('%')
  return parseAddress(zone < 0 ? remoteAddress : remoteAddress.slice(0, zone))
}

import { Networks, parseSource, type Address } from '@chihaya/bittorrent'
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
  /** Milliseconds for which a client may read nothing. */
  readonly writeTimeout: number
  /** See `HttpListenerOptions`. */
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

/** Milliseconds between two checks for clients that do not read. */
const STALL_INTERVAL = 1000
// Turns of the event loop without a new connection after which none is queued: the first turn may
// be past its poll.
const IDLE_TURNS = 2
/** Connections that the system may queue, as far as it lets a program choose. */
export const ACCEPT_QUEUE = 4096

/** The connections of an HTTP or HTTPS server. They come here before the server reads from them. */
export class Connections {
  readonly #init: ConnectionsInit
  #rules: ConnectionRules
  #proxies: Networks | undefined
  readonly #all = new Set<Connection>()
  /** TCP and TLS sockets of the same connections. */
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
    // Node's own listeners would start to read requests or a TLS handshake.
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

  /** Whether connections end with the last reply that is due. */
  get ending(): boolean {
    return this.#ending
  }

  /** Bytes that have arrived on open connections that are not upgraded. */
  get receivedBytes(): number {
    let sum = 0
    for (const { socket, isUpgraded } of this.#all) if (!isUpgraded) sum += socket.bytesRead
    return sum
  }

  /** Applies to new connections. */
  configure(rules: ConnectionRules): void {
    this.#rules = rules
    this.#proxies = rules.proxyProtocolFrom && new Networks(rules.proxyProtocolFrom)
  }

  /** The connection of a TCP or TLS socket. */
  of(socket: Socket): Connection | undefined {
    return this.#bySocket.get(socket)
  }

  /** Ends every connection, future ones included, with the last reply that is due. */
  endWithLast(): void {
    this.#ending = true
    for (const connection of this.#all) connection.endWithLast()
  }

  /**
   * Accepts the connections that the system has queued and would otherwise reset, one in each turn of
   * the event loop.
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

  /** Answers a proxy that sent no header like a client that sent no request. */
  #refuseProxy(socket: Socket): void {
    const { server, onDrop, refuse } = this.#init
    onDrop('proxy_header', 'new')
    if ('setSecureContext' in server) socket.destroy()
    else refuse(new Error('no header of the PROXY protocol'), socket.resume())
  }

  #secure(secured: TLSSocket): void {
    // There is no public way from a TLS socket to the one beneath.
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

/** Undefined over a Unix socket, and for a connection that has closed already. */
function sourceOf({ remoteAddress = '' }: Socket): Address | undefined {
  return parseSource(remoteAddress)
}

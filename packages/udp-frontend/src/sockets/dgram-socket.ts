import { parseAddress } from '@chihaya/bittorrent'
import type { Pending, SocketDrops } from '@chihaya/core'
import dgram, { type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Datagram, type LateReply } from '../datagram.ts'
import { MAX_PROXY_HEADER } from '../proxied-dispatcher.ts'
import { PacketBuffer } from '../packets/packet-buffer.ts'
import { sourceFrom } from '../source.ts'
import { UdpSocket, type SocketRoom, type UdpService } from './udp-socket.ts'

// Replies are written one after another, never over each other: the system may still read them.
const OUTPUT_LENGTH = 65_536

// Hosts that use such addresses get replies from the right one anyway.
const UNAMBIGUOUS = /^(127\.|::1$|fe[89ab])/

/** A socket of `node:dgram`: one event per datagram, on every system. */
export class DgramSocket extends UdpSocket {
  readonly room: SocketRoom = { request: Number.POSITIVE_INFINITY, reply: Number.POSITIVE_INFINITY }
  #socket: Socket | undefined
  #received = 0
  readonly #datagram = new Datagram()
  #refused = 0

  address(): AddressInfo | undefined {
    return this.#socket?.address()
  }

  protected async release(): Promise<void> {
    const socket = this.#socket
    if (!socket) return
    this.#socket = undefined
    socket.close()
    await once(socket, 'close')
  }

  protected async open(address: string, family: 4 | 6): Promise<void> {
    const { port, receiveBufferSize, reusePort } = this.init
    const socket = dgram.createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      // By default, Node resolves the address of every reply.
      lookup: (literal, _options, done) => done(null, literal, family),
      ...(reusePort && { reusePort }),
      ...(receiveBufferSize !== undefined && { recvBufferSize: receiveBufferSize }),
    })
    socket.once('listening', () => socket.on('error', (error) => this.report(error)))
    this.#makeRoom()
    socket.on('message', (message, remote) => this.#receive(socket, message, remote))
    try {
      const listening = once(socket, 'listening')
      socket.bind(port, address)
      await listening
    } catch (error) {
      socket.close()
      throw error
    }
    this.#socket = socket
    if (isWildcard(address)) this.#warn(family)
  }

  protected drops(): SocketDrops {
    return { pending_replies: this.#refused }
  }

  override serve(service: UdpService): void {
    super.serve(service)
    this.#makeRoom()
  }

  /** Makes room for the longest request with a PROXY header. */
  #makeRoom(): void {
    const room = this.service.dispatcher.requestRoom + MAX_PROXY_HEADER
    if (this.#datagram.input.bytes.length < room) this.#datagram.input = PacketBuffer.allocate(room)
  }

  protected received(): number {
    return this.#received
  }

  protected receiveBuffer(): number {
    return this.#socket?.getRecvBufferSize() ?? 0
  }

  protected stopReading(): void {
    this.#socket?.removeAllListeners('message')
  }

  /** Node cannot choose the source address of a reply, and the system picks one by the route. */
  #warn(family: 4 | 6): void {
    const { host, port } = this.init
    const listen = localAddresses(family)
    if (listen.length < 2) return
    this.service.log.warn(
      { host, port, listen },
      'UDP replies may leave from the wrong address, and clients would drop them: listen on each address, or use transport batch',
    )
  }

  #receive(socket: Socket, message: Buffer, remote: RemoteInfo): void {
    this.#received++
    const { dispatcher, replies } = this.service
    if (replies.full) {
      this.#refused++
      return
    }
    const source = sourceFrom(remote.address, remote.port)
    if (!source) return
    const datagram = this.#datagram
    if (datagram.output.bytes.length - datagram.replyAt < dispatcher.replyRoom) {
      datagram.output = PacketBuffer.allocate(Math.max(OUTPUT_LENGTH, dispatcher.replyRoom))
      datagram.replyAt = 0
    }
    const room = datagram.input.bytes.length
    datagram.input.bytes.set(message.length > room ? message.subarray(0, room) : message)
    datagram.source = source
    datagram.start = 0
    datagram.end = message.length
    dispatcher.readClock()
    const reply = dispatcher.handle(datagram)
    if (typeof reply === 'number') {
      if (reply === 0) return
      const { output, replyAt } = datagram
      this.#send(socket, output.bytes, replyAt, reply, remote)
      datagram.replyAt = (replyAt + reply + 1) & ~1
    } else {
      void this.#sendLater(socket, reply, remote, replies)
    }
  }

  async #sendLater(
    socket: Socket,
    pending: Promise<LateReply>,
    remote: RemoteInfo,
    replies: Pending,
  ): Promise<void> {
    replies.begin()
    const { bytes } = await pending
    // A socket that closed without waiting for this reply is gone.
    if (socket === this.#socket) this.#send(socket, bytes, 0, bytes.length, remote)
    replies.end()
  }

  #send(socket: Socket, buffer: Buffer, at: number, length: number, remote: RemoteInfo): void {
    this.sending.begin()
    socket.send(buffer, at, length, remote.port, remote.address, this.#sent)
  }

  // Shared by all replies: a closure would keep the buffer of its reply alive.
  readonly #sent = (error: Error | null): void => {
    if (error) this.report(error)
    this.sending.end()
  }
}

/** The host's addresses of a family, other than loopback and link-local ones. */
export function localAddresses(
  family: 4 | 6,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string[] {
  return Object.values(interfaces)
    .flatMap((addresses = []) => addresses)
    .filter((one) => one.family === `IPv${family}` && !UNAMBIGUOUS.test(one.address))
    .map(({ address }) => address)
}

function isWildcard(address: string): boolean {
  return parseAddress(address)?.every((byte) => byte === 0) === true
}

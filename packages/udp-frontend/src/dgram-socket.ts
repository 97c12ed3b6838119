import { parseAddress } from '@chihaya/bittorrent'
import type { Pending, SocketDrops } from '@chihaya/core'
import dgram, { type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { localAddresses } from './local-addresses.ts'
import { Datagram, type LateReply } from './datagram.ts'
import { MAX_PROXY_HEADER } from './proxied-dispatcher.ts'
import { PacketBuffer } from './packet-buffer.ts'
import { sourceFrom } from './source.ts'
import { UdpSocket, type SocketRoom, type UdpService } from './udp-socket.ts'

// Replies are written one behind the other and never over one another, as the system may still have
// to read them.
const OUTPUT_LENGTH = 65_536

/** A socket of `node:dgram`: one event for each datagram, on every system. */
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
      // Every address here is an address already. The default would ask the resolver about each
      // reply's.
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

  /** Sees to it that the longest request fits, with a PROXY header in front of it. */
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

  /** Node has no way to choose the address of a reply, and the system chooses by the route back. */
  #warn(family: 4 | 6): void {
    const { host, port } = this.init
    const listen = localAddresses(family)
    if (listen.length < 2) return
    this.service.log.warn(
      { host, port, listen },
      'UDP replies may leave from another address than was asked, and clients would not hear them: listen on each address, or use transport batch',
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
    // A socket that did not wait for this reply any longer is closed.
    if (socket === this.#socket) this.#send(socket, bytes, 0, bytes.length, remote)
    replies.end()
  }

  #send(socket: Socket, buffer: Buffer, at: number, length: number, remote: RemoteInfo): void {
    this.sending.begin()
    socket.send(buffer, at, length, remote.port, remote.address, this.#sent)
  }

  // One function for all replies: a closure for each would hold on to its buffer.
  readonly #sent = (error: Error | null): void => {
    if (error) this.report(error)
    this.sending.end()
  }
}

function isWildcard(address: string): boolean {
  return parseAddress(address)?.every((byte) => byte === 0) === true
}

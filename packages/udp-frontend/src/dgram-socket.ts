import type { SocketDrops } from '@chihaya/core'
import dgram, { type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { PendingReplies } from './pending-replies.ts'
import { Slab } from './slab.ts'
import { sourceFrom } from './source.ts'
import { UdpSocket, type SocketRoom, type UdpService } from './udp-socket.ts'

// Replies are written one behind the other and never over one another, as the system may still have to read them.
const OUTPUT_LENGTH = 65_536

/** A socket of `node:dgram`: one event for each datagram, on every system. */
export class DgramSocket extends UdpSocket {
  readonly room: SocketRoom = { request: Number.POSITIVE_INFINITY, reply: Number.POSITIVE_INFINITY }
  #socket: Socket | undefined
  #received = 0
  #input = Slab.allocate(this.service.dispatcher.requestRoom)
  #output = Slab.allocate(0)
  #outputAt = 0
  #tooLong = 0
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
      // Every address here is an address already. The default would ask the resolver about each reply's.
      lookup: (literal, _options, done) => done(null, literal, family),
      ...(reusePort && { reusePort }),
      ...(receiveBufferSize !== undefined && { recvBufferSize: receiveBufferSize }),
    })
    socket.once('listening', () => socket.on('error', (error) => this.report(error)))
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
  }

  protected drops(): SocketDrops {
    return { too_long: this.#tooLong, pending_replies: this.#refused }
  }

  override serve(service: UdpService): void {
    super.serve(service)
    const { requestRoom } = service.dispatcher
    if (this.#input.bytes.length < requestRoom) this.#input = Slab.allocate(requestRoom)
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

  #receive(socket: Socket, message: Buffer, remote: RemoteInfo): void {
    this.#received++
    const { dispatcher, replies } = this.service
    if (replies.full) {
      this.#refused++
      return
    }
    const source = sourceFrom(remote.address, remote.port)
    if (!source) return
    if (message.length > dispatcher.requestRoom) {
      this.#tooLong++
      return
    }
    if (this.#output.bytes.length - this.#outputAt < dispatcher.replyRoom) {
      this.#output = Slab.allocate(Math.max(OUTPUT_LENGTH, dispatcher.replyRoom))
      this.#outputAt = 0
    }
    this.#input.bytes.set(message)
    dispatcher.readClock()
    const reply = dispatcher.handle(this.#input, 0, message.length, source, this.#output, this.#outputAt)
    if (typeof reply === 'number') {
      if (reply === 0) return
      this.#send(socket, this.#output.bytes, this.#outputAt, reply, remote)
      this.#outputAt = (this.#outputAt + reply + 1) & ~1
    } else {
      void this.#sendLater(socket, reply, remote, replies)
    }
  }

  async #sendLater(socket: Socket, reply: Promise<Buffer>, remote: RemoteInfo, replies: PendingReplies): Promise<void> {
    replies.begin()
    const buffer = await reply
    // A socket that did not wait for this reply any longer is closed.
    if (socket === this.#socket) this.#send(socket, buffer, 0, buffer.length, remote)
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

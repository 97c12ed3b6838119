import dgram, { type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Slab } from './slab.ts'
import { sourceFrom } from './source.ts'
import { UdpSocket } from './udp-socket.ts'

// Replies are written one behind the other and never over one another, as the system may still have to read them.
const OUTPUT_LENGTH = 65_536

/** A socket of `node:dgram`: one event for each datagram, on every system. */
export class DgramSocket extends UdpSocket {
  #socket: Socket | undefined
  readonly #input = Slab.allocate(this.init.dispatcher.requestRoom)
  #output = Slab.allocate(0)
  #outputAt = 0

  address(): AddressInfo | undefined {
    return this.#socket?.address()
  }

  async close(): Promise<void> {
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

  protected stopReading(): void {
    this.#socket?.removeAllListeners('message')
  }

  #receive(socket: Socket, message: Buffer, remote: RemoteInfo): void {
    const { dispatcher } = this.init
    const source = sourceFrom(remote.address, remote.port)
    if (!source || message.length > dispatcher.requestRoom) return
    if (this.#output.bytes.length - this.#outputAt < dispatcher.replyRoom) {
      this.#output = Slab.allocate(Math.max(OUTPUT_LENGTH, dispatcher.replyRoom))
      this.#outputAt = 0
    }
    this.#input.bytes.set(message)
    dispatcher.readClock()
    const reply = dispatcher.handle(this.#input, 0, message.length, source, this.#output, this.#outputAt)
    if (typeof reply === 'number') {
      if (reply === 0) return
      this.begin()
      this.#send(socket, this.#output.bytes, this.#outputAt, reply, remote)
      this.#outputAt = (this.#outputAt + reply + 1) & ~1
    } else {
      this.begin()
      void this.#sendLater(socket, reply, remote)
    }
  }

  async #sendLater(socket: Socket, reply: Promise<Buffer>, remote: RemoteInfo): Promise<void> {
    const buffer = await reply
    // A socket that did not wait for this reply any longer is closed.
    if (socket === this.#socket) this.#send(socket, buffer, 0, buffer.length, remote)
  }

  #send(socket: Socket, buffer: Buffer, at: number, length: number, remote: RemoteInfo): void {
    socket.send(buffer, at, length, remote.port, remote.address, this.#sent)
  }

  // One function for all replies: a closure for each would hold on to its buffer.
  readonly #sent = (error: Error | null): void => {
    if (error) this.report(error)
    this.end()
  }
}

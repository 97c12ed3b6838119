import dgram, { type Socket } from 'node:dgram'
import { on, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from './datagrams.ts'

/** A UDP client on a real socket, for one address of a tracker. */
export class UdpClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #tracker: AddressInfo

  private constructor(socket: Socket, tracker: AddressInfo) {
    this.#socket = socket
    this.#tracker = tracker
  }

  /** Binds to `host`, which defaults to the tracker's address. */
  static async open(tracker: AddressInfo | undefined, host?: string): Promise<UdpClient> {
    if (!tracker) throw new TypeError('the tracker is not bound')
    const socket = dgram.createSocket(tracker.family === 'IPv6' ? 'udp6' : 'udp4')
    socket.bind(0, host ?? tracker.address)
    await once(socket, 'listening')
    return new UdpClient(socket, tracker)
  }

  /** Sends a datagram, and resolves when the system has accepted it. */
  async send(datagram: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const { port, address } = this.#tracker
      this.#socket.send(datagram, port, address, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** The next datagram from the tracker's address and port. */
  async receive(): Promise<Buffer> {
    const [reply, from] = (await once(this.#socket, 'message')) as [Buffer, AddressInfo]
    if (from.port !== this.#tracker.port || from.address !== this.#tracker.address) {
      throw new Error(`a reply from ${from.address}:${from.port}`)
    }
    return reply
  }

  /** Every datagram from now on. */
  async *replies(): AsyncGenerator<Buffer> {
    for await (const [reply] of on(this.#socket, 'message')) yield reply as Buffer
  }

  /** Resolves once this many datagrams have arrived, with their number. */
  async receiveMany(count: number): Promise<number> {
    let received = 0
    for await (const _ of on(this.#socket, 'message')) if (++received === count) break
    return received
  }

  async request(datagram: Uint8Array): Promise<Buffer> {
    const reply = this.receive()
    await this.send(datagram)
    return reply
  }

  /** A fresh connection id. */
  async connect(): Promise<Buffer> {
    return (await this.request(connect())).subarray(8)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }
}

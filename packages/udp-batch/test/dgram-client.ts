import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A socket of `node:dgram` as a client, closed with the test. */
export class DgramClient {
  readonly received: Array<{ message: Buffer; remote: RemoteInfo }> = []
  readonly #socket: Socket
  #arrived: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (message, remote) => {
      this.received.push({ message, remote })
      this.#arrived()
    })
    onTestFinished(() => void socket.close())
  }

  static async bind(address = '127.0.0.1'): Promise<DgramClient> {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    socket.bind(0, address)
    await once(socket, 'listening')
    socket.setRecvBufferSize(1 << 20)
    return new DgramClient(socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** Resolves when the system has accepted the datagram. */
  async send(message: Uint8Array | string, to: AddressInfo, address = to.address): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(message, to.port, address, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Resolves when this many datagrams have arrived in total. */
  async arrived(count: number): Promise<Buffer[]> {
    while (this.received.length < count) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise<void>((resolve) => (this.#arrived = resolve))
    }
    return this.received.map(({ message }) => message)
  }

  /** Sends a datagram and resolves to the next that arrives. */
  async request(
    message: Uint8Array | string,
    to: AddressInfo,
    address = to.address,
  ): Promise<Buffer> {
    const before = this.received.length
    await this.send(message, to, address)
    return (await this.arrived(before + 1)).at(before) as Buffer
  }
}

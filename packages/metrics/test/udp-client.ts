import dgram, { type Socket } from 'node:dgram'
import { once } from 'node:events'
import { writeConnect } from '@chihaya/client'

/** Sends bytes of any kind to a UDP tracker on the loopback interface. */
export class RawUdpClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #port: number

  private constructor(socket: Socket, port: number) {
    this.#socket = socket
    this.#port = port
  }

  static async open(url: string): Promise<RawUdpClient> {
    const socket = dgram.createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new RawUdpClient(socket, Number(new URL(url).port))
  }

  async send(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(bytes, this.#port, '127.0.0.1', (error) =>
        error ? reject(error) : resolve(),
      )
    })
  }

  async request(bytes: Uint8Array): Promise<Buffer> {
    const reply = once(this.#socket, 'message')
    await this.send(bytes)
    return ((await reply) as [Buffer])[0]
  }

  /** A connection id. */
  async connect(): Promise<Buffer> {
    return (await this.request(writeConnect(1))).subarray(8, 16)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }
}

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { announcePath, decode } from './announces.ts'

const MAGIC = Buffer.from('0000041727101980', 'hex')
const RESEND = 500
const PATIENCE = 10_000

/** How the tracker is reached over one family. */
export interface Side {
  readonly host: string
  readonly http: number
  readonly https: number
  readonly udp: number
}

export interface Announced {
  /** 20 characters. */
  readonly infoHash: string
  readonly port: number
  readonly stopped: boolean
}

/** Announces over HTTP, on a connection of its own. @throws for anything but an answer. */
export async function announceByHttp(
  { host, http }: Side,
  { infoHash, port, stopped }: Announced,
  more = {},
): Promise<Buffer> {
  const path = announcePath({
    info_hash: infoHash,
    port,
    ...(stopped && { event: 'stopped' }),
    ...more,
  })
  const [response] = (await once(get({ host, port: http, path, agent: false }), 'response')) as [
    IncomingMessage,
  ]
  const body = Buffer.concat((await response.toArray()) as Buffer[])
  if (response.statusCode !== 200 || !('interval' in decode(body)))
    throw new Error(body.toString('latin1'))
  return body
}

/** A client over UDP, with one connection id for all its life. */
export class ChaosUdpClient {
  readonly #socket: UdpSocket
  #transaction = 0
  id: Buffer = Buffer.alloc(8)

  private constructor(socket: UdpSocket) {
    this.#socket = socket
  }

  static async open({ host, udp }: Side): Promise<ChaosUdpClient> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    const client = new ChaosUdpClient(socket)
    onTestFinished(() => void socket.close())
    // One whose listener is gone is told so, for each datagram that was for it.
    socket.on('error', () => undefined)
    socket.connect(udp, host)
    await once(socket, 'connect')
    client.id = (await client.#request(Buffer.concat([MAGIC, Buffer.alloc(8)]))).subarray(8, 16)
    return client
  }

  /** @throws for anything but an answer. */
  async announce({ infoHash, port, stopped }: Announced): Promise<void> {
    const datagram = Buffer.alloc(98)
    this.id.copy(datagram)
    datagram.writeUInt32BE(1, 8)
    datagram.write(infoHash, 16)
    datagram.write('-XX0001-bbbbbbbbbbbb', 36)
    datagram.writeBigUInt64BE(1n, 64)
    datagram.writeUInt32BE(stopped ? 3 : 0, 80)
    datagram.writeUInt16BE(port, 96)
    const reply = await this.#request(datagram)
    if (reply.readUInt32BE(0) !== 1) throw new Error(reply.toString('latin1', 8))
  }

  send(datagram: Buffer): void {
    this.#socket.send(datagram)
  }

  /** Sends until there is an answer to this very request: others may be on their way. */
  async #request(datagram: Buffer): Promise<Buffer> {
    const transaction = ++this.#transaction
    datagram.writeUInt32BE(transaction, 12)
    const timer = setInterval(() => this.#socket.send(datagram), RESEND)
    try {
      this.#socket.send(datagram)
      const signal = AbortSignal.timeout(PATIENCE)
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop
        const [reply] = (await once(this.#socket, 'message', { signal })) as [Buffer]
        if (reply.readUInt32BE(4) === transaction) return reply
      }
    } finally {
      clearInterval(timer)
    }
  }
}

export async function closed(socket: Socket): Promise<void> {
  // Not `once`, which rejects where a connection is reset.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

/** A connection that takes whatever comes, and ends with the test at the latest. */
export function openStream(port: number, host: string): Socket {
  const socket = connect(port, host)
    .on('error', () => undefined)
    .resume()
  onTestFinished(() => void socket.destroy())
  return socket
}

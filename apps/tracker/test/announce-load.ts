import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import { announcePath, decode } from './announces.ts'

const MAGIC = Buffer.from('0000041727101980', 'hex')
const REPLY_TIMEOUT = 10_000

/**
 * Announces one peer again and again, and answers with the interval that it was told. @throws for
 * anything but an answer.
 */
export type Announcer = () => Promise<number>

/** Over HTTP, on one connection or on one for each announce. */
export function httpAnnouncer(port: number, peerPort: number, keepAlive: boolean): Announcer {
  const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 1 }) : false
  onTestFinished(() => void (agent && agent.destroy()))
  return async () => {
    const request = get({ host: '127.0.0.1', port, path: announcePath({ port: peerPort }), agent })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const body = decode(Buffer.concat((await response.toArray()) as Buffer[]))
    if (response.statusCode !== 200 || typeof body['interval'] !== 'number')
      throw new Error(JSON.stringify(body))
    return body['interval']
  }
}

/** Over UDP, from one socket and with one connection id for all its life. */
export async function udpAnnouncer(port: number, peerPort: number): Promise<Announcer> {
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const connected = await exchange(
    socket,
    Buffer.concat([MAGIC, Buffer.alloc(4), Buffer.from('abcd')]),
  )
  const announce = Buffer.alloc(98)
  connected.copy(announce, 0, 8, 16)
  announce.writeUInt32BE(1, 8)
  announce.fill('a', 16, 36)
  announce.write('-XX0001-bbbbbbbbbbbb', 36)
  announce.writeBigUInt64BE(1n, 64)
  announce.writeUInt16BE(peerPort, 96)
  return async () => {
    const reply = await exchange(socket, announce)
    if (reply.readUInt32BE(0) !== 1) throw new Error(reply.toString('latin1', 8))
    return reply.readUInt32BE(8)
  }
}

async function exchange(socket: Socket, request: Buffer): Promise<Buffer> {
  const reply = once(socket, 'message', { signal: AbortSignal.timeout(REPLY_TIMEOUT) })
  socket.send(request)
  const [message] = (await reply) as [Buffer]
  return message
}

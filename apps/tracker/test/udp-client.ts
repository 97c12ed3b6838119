import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

const MAGIC = Buffer.from('0000041727101980', 'hex')
const RESEND = 500

/**
 * Announces over UDP (BEP 15), with a URL if there is one (BEP 41), and returns the reply to the
 * announce.
 */
export async function announceByUdp(
  address: string,
  port: number,
  peerPort = 6881,
  url = '',
): Promise<Buffer> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  try {
    socket.connect(port, address)
    await once(socket, 'connect')
    const connected = await exchange(
      socket,
      Buffer.concat([MAGIC, Buffer.alloc(4), Buffer.from('abcd')]),
    )
    const announce = Buffer.alloc(98)
    connected.copy(announce, 0, 8, 16)
    announce.writeUInt32BE(1, 8)
    announce.write('efgh', 12)
    announce.fill('u', 16, 36)
    announce.write('-XX0001-bbbbbbbbbbbb', 36)
    announce.writeBigUInt64BE(1n, 64)
    announce.writeInt32BE(-1, 92)
    announce.writeUInt16BE(peerPort, 96)
    return await exchange(socket, Buffer.concat([announce, ...urlData(url)]))
  } finally {
    socket.close()
  }
}

/** A URL as options of an announce: 255 bytes each at most. */
function urlData(url: string): Buffer[] {
  const parts = url.match(/.{1,255}/gs) ?? []
  return parts.flatMap((part) => [Buffer.of(2, part.length), Buffer.from(part, 'latin1')])
}

/** Sends until there is an answer: a datagram may get lost even here. */
async function exchange(socket: Socket, request: Buffer): Promise<Buffer> {
  const timer = setInterval(() => socket.send(request), RESEND)
  try {
    socket.send(request)
    const [reply] = (await once(socket, 'message')) as [Buffer]
    return reply
  } finally {
    clearInterval(timer)
  }
}

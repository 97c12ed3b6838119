import { connect, type AddressInfo, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

export interface RawResponse {
  readonly status: number
  readonly head: string
  /** As a byte string. */
  readonly body: string
}

/** Listens on a free loopback port. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** Everything a server sends in answer to `bytes` until it closes the connection. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes, 'latin1')
  return untilClose(socket)
}

/** Everything that arrives on a connection until the other side closes it. */
export async function untilClose(socket: Socket): Promise<string> {
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
  })
  // A reset after the answer is a close as well.
  socket.on('error', () => undefined)
  return new Promise((resolve) => {
    socket.once('close', () => resolve(received))
  })
}

/** Waits for `count` whole responses on a connection that stays open. */
export async function responsesOn(socket: Socket, count: number): Promise<RawResponse[]> {
  let received = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += (chunk as Buffer).toString('latin1')
    const responses = parseResponses(received)
    if (responses.length === count) return responses
  }
  throw new Error(`the connection closed after ${received.length} bytes`)
}

/**
 * Splits the bytes of a server into responses by their Content-Length, without an incomplete one.
 */
export function parseResponses(received: string): RawResponse[] {
  const responses: RawResponse[] = []
  let at = 0
  while (at < received.length) {
    const headEnd = received.indexOf('\r\n\r\n', at)
    if (headEnd < 0) break
    const head = received.slice(at, headEnd)
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? Number.NaN)
    const end = headEnd + 4 + length
    if (!(end <= received.length)) break
    responses.push({
      status: Number(head.slice(9, 12)),
      head,
      body: received.slice(headEnd + 4, end),
    })
    at = end
  }
  return responses
}

import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Starts a UDP tracker with a scripted behaviour, which ends with the test. @returns its URL. */
export async function stubUdp(
  answer: (request: Buffer, reply: (response: Buffer) => void) => void,
): Promise<string> {
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  socket.on('message', (request, { port, address }: RemoteInfo) =>
    answer(request, (response) => socket.send(response, port, address)),
  )
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return `udp://127.0.0.1:${socket.address().port}/announce`
}

/** The response of BEP 15 with a request's action and transaction id. */
export function respond(request: Buffer, ...body: Buffer[]): Buffer {
  return Buffer.concat([request.subarray(8, 16), ...body])
}

/** Starts an HTTP tracker with a scripted behaviour, which ends with the test. @returns its URL. */
export async function stubHttp(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`
}

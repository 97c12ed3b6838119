import type { GoAddress } from '@chihaya/listeners'
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { localHost } from './local-host.ts'

const PROTOCOL_ID = 0x41727101980n
const CONNECT_LENGTH = 16
/** Milliseconds after which a datagram counts as lost. */
const AGAIN = 500

/**
 * What keeps an address of UDP from answering a connect request (BEP 15); undefined when it does.
 */
export async function udpAnswers(
  { host, port }: GoAddress,
  timeout: number,
): Promise<string | undefined> {
  try {
    const { address, family } = await lookup(localHost(host))
    return await connects(address, port, family === 6 ? 'udp6' : 'udp4', timeout)
  } catch (error) {
    return (error as Error).message
  }
}

function connects(
  host: string,
  port: number,
  type: 'udp4' | 'udp6',
  timeout: number,
): Promise<string | undefined> {
  const transactionId = randomInt(0x1_0000_0000)
  const request = Buffer.alloc(CONNECT_LENGTH)
  request.writeBigUInt64BE(PROTOCOL_ID, 0)
  request.writeUInt32BE(transactionId, 12)
  const socket = createSocket(type)
  return new Promise((resolve) => {
    const finish = (problem?: string): void => {
      clearTimeout(timer)
      clearInterval(resend)
      socket.close()
      resolve(problem)
    }
    const send = (): void => socket.send(request)
    const timer = setTimeout(() => finish(`no answer within ${timeout / 1000} s`), timeout)
    const resend = setInterval(send, AGAIN)
    socket.once('error', (error) => finish(error.message))
    socket.on('message', (answer) => {
      if (
        answer.length >= CONNECT_LENGTH &&
        answer.readUInt32BE(0) === 0 &&
        answer.readUInt32BE(4) === transactionId
      )
        finish()
    })
    // A connected socket is told that nobody has the port.
    socket.connect(port, host, send)
  })
}

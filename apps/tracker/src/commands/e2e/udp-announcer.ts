import { eventToNumber, writeByteString } from '@chihaya/bittorrent'
import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { Announcer, TestAnnounce } from './announcer.ts'
import { compactPorts, reason } from './tracker-answer.ts'

const PROTOCOL_ID = 0x41727101980n
const CONNECT = 0
const ANNOUNCE = 1
const ERROR = 3
const ANNOUNCE_LENGTH = 98
const URL_DATA = 2
const URL_DATA_MAX = 255
// BEP 15 begins with 15 s, which is a long time to look at a terminal.
const WAITS: readonly number[] = [1000, 2000, 4000]

interface Opened {
  readonly socket: Socket
  readonly family: 'ipv4' | 'ipv6'
}

/** Announces over UDP (BEP 15); what the URL has beyond host and port goes along (BEP 41). */
export class UdpAnnouncer implements Announcer {
  readonly remarks: ReadonlySet<string> = new Set()
  readonly #url: URL
  #opened: Promise<Opened> | undefined

  constructor(url: URL) {
    this.#url = url
  }

  async announce(announce: TestAnnounce): Promise<number[]> {
    const { socket, family } = await (this.#opened ??= this.#open())
    const connected = await ask(socket, CONNECT, 16, (transactionId) =>
      header(PROTOCOL_ID, CONNECT, transactionId, 16),
    )
    const connectionId = connected.readBigUInt64BE(8)
    const answer = await ask(socket, ANNOUNCE, 20, (transactionId) =>
      this.#packet(connectionId, transactionId, announce),
    )
    return compactPorts(answer.subarray(20), family)
  }

  close(): void {
    this.#opened?.then(
      ({ socket }) => void socket.close(),
      () => {
        // There is nothing to close.
      },
    )
  }

  async #open(): Promise<Opened> {
    const host = this.#url.hostname.replace(/^\[(.*)\]$/, '$1')
    const { address, family } = await lookup(host)
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    // A refused port is an error of its own here, and sooner than a timeout.
    // One that comes while nobody waits says nothing that the next request would not.
    socket.on('error', () => undefined)
    socket.connect(Number(this.#url.port), address)
    await once(socket, 'connect')
    return { socket, family: family === 6 ? 'ipv6' : 'ipv4' }
  }

  #packet(
    connectionId: bigint,
    transactionId: number,
    { infoHash, peerId, port, event }: TestAnnounce,
  ): Buffer {
    const packet = header(connectionId, ANNOUNCE, transactionId, ANNOUNCE_LENGTH)
    writeByteString(infoHash, packet, 16)
    writeByteString(peerId, packet, 36)
    packet.writeBigUInt64BE(1n, 64)
    packet.writeUInt32BE(eventToNumber(event), 80)
    packet.writeInt32BE(50, 92)
    packet.writeUInt16BE(port, 96)
    return Buffer.concat([packet, ...urlData(this.#url)])
  }
}

/**
 * Sends a request until its answer is there. @throws the tracker's refusal, or when there is no
 * answer.
 */
async function ask(
  socket: Socket,
  action: number,
  length: number,
  write: (transactionId: number) => Buffer,
): Promise<Buffer> {
  const transactionId = randomInt(0x1_0000_0000)
  for (const wait of WAITS) {
    socket.send(write(transactionId))
    // One try after the other.
    // oxlint-disable-next-line no-await-in-loop
    const answer = await receive(socket, transactionId, wait)
    if (answer === undefined) continue
    if (answer.readUInt32BE(0) === ERROR)
      throw new Error(`the tracker refuses: ${reason(answer.subarray(8))}`)
    if (answer.readUInt32BE(0) !== action || answer.length < length)
      throw new Error("the answer is no tracker's")
    return answer
  }
  throw new Error(`no answer within ${WAITS.reduce((sum, wait) => sum + wait, 0) / 1000} s`)
}

/** The datagram with a transaction id, or undefined when it does not come in time. */
function receive(socket: Socket, transactionId: number, wait: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      socket.off('message', onMessage).off('error', onError)
      settle()
    }
    const onMessage = (datagram: Buffer): void => {
      if (datagram.length >= 8 && datagram.readUInt32BE(4) === transactionId)
        finish(() => resolve(datagram))
    }
    const onError = (error: Error): void => finish(() => reject(error))
    const timer = setTimeout(() => finish(() => resolve(undefined)), wait)
    socket.on('message', onMessage).on('error', onError)
  })
}

function header(
  connectionId: bigint,
  action: number,
  transactionId: number,
  length: number,
): Buffer {
  const packet = Buffer.alloc(length)
  packet.writeBigUInt64BE(connectionId, 0)
  packet.writeUInt32BE(action, 8)
  packet.writeUInt32BE(transactionId, 12)
  return packet
}

function urlData({ pathname, search }: URL): Buffer[] {
  const text = Buffer.from(pathname === '/' && search === '' ? '' : `${pathname}${search}`)
  const options: Buffer[] = []
  for (let at = 0; at < text.length; at += URL_DATA_MAX) {
    const part = text.subarray(at, at + URL_DATA_MAX)
    options.push(Buffer.of(URL_DATA, part.length), part)
  }
  return options
}

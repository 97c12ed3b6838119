import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { AddressFamily } from '@chihaya/bittorrent'
import { NoAnswerError } from '../errors.ts'
import { readTransactionId } from './packets.ts'

export interface UdpSocketOptions {
  /** Local address to send from. @default the system's choice */
  readonly localAddress?: string
  /** Address family, for hosts that have both. @default the resolver's first address */
  readonly family?: AddressFamily
}

export interface UdpRequestOptions {
  /**
   * Milliseconds before the first retransmission; each further one waits twice as long. After the
   * eighth, the request fails (BEP 15). @default 15_000
   */
  readonly retransmission?: number
  readonly signal?: AbortSignal
}

/** BEP 15 waits 15·2ⁿ seconds. */
const RETRANSMISSION = 15_000
const MAX_RETRANSMISSIONS = 8

interface Transaction {
  readonly resolve: (response: Buffer) => void
  readonly reject: (error: unknown) => void
}

/**
 * A socket connected to one UDP tracker: requests are matched with responses, or sent as they are.
 */
export class UdpSocket implements AsyncDisposable {
  readonly family: AddressFamily
  readonly #socket: Socket
  readonly #transactions = new Map<number, Transaction>()
  #closed = false

  private constructor(socket: Socket, family: AddressFamily) {
    this.family = family
    this.#socket = socket
    socket.on('message', (response) => {
      const transactionId = readTransactionId(response)
      if (transactionId !== undefined) this.#transactions.get(transactionId)?.resolve(response)
    })
    // Only a connected socket reports a closed port.
    socket.on('error', (error) => this.#fail(error))
  }

  /** Resolves `host` and connects. @throws the system's error. */
  static async open(
    host: string,
    port: number,
    { localAddress, family }: UdpSocketOptions = {},
  ): Promise<UdpSocket> {
    const found = await lookup(host, { family: { ipv4: 4, ipv6: 6, any: 0 }[family ?? 'any'] })
    const socket = createSocket(found.family === 6 ? 'udp6' : 'udp4')
    try {
      if (localAddress !== undefined) {
        socket.bind({ address: localAddress })
        await once(socket, 'listening')
      }
      socket.connect(port, found.address)
      await once(socket, 'connect')
    } catch (error) {
      socket.close()
      throw error
    }
    return new UdpSocket(socket, found.family === 6 ? 'ipv6' : 'ipv4')
  }

  /** Sends one datagram of any content. */
  async send(datagram: Uint8Array): Promise<void> {
    if (this.#closed) throw new NoAnswerError('the client was closed')
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(datagram, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** The next datagram of any content. */
  async receive(signal?: AbortSignal): Promise<Buffer> {
    const [datagram] = (await once(this.#socket, 'message', signal && { signal })) as [Buffer]
    return datagram
  }

  /**
   * Sends a request until its response arrives. `write` makes each transmission, as connection ids
   * may expire in between.
   * @throws {NoAnswerError}
   */
  async request(
    write: (transactionId: number) => Buffer | Promise<Buffer>,
    { retransmission = RETRANSMISSION, signal }: UdpRequestOptions = {},
  ): Promise<Buffer> {
    const transactionId = this.#unusedTransactionId()
    let timer: NodeJS.Timeout | undefined
    let abort: (() => void) | undefined
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        const transmit = async (transmission: number): Promise<void> => {
          const request = await write(transactionId)
          if (!this.#transactions.has(transactionId)) return
          await this.send(request)
          if (!this.#transactions.has(transactionId)) return
          timer = setTimeout(
            () => {
              if (transmission < MAX_RETRANSMISSIONS) transmit(transmission + 1).catch(reject)
              else reject(new NoAnswerError(`no answer to ${transmission + 1} transmissions`))
            },
            retransmission * 2 ** transmission,
          )
        }
        abort = () => reject(signal?.reason)
        this.#transactions.set(transactionId, { resolve, reject })
        signal?.addEventListener('abort', abort)
        if (signal?.aborted === true) abort()
        else transmit(0).catch(reject)
      })
    } finally {
      clearTimeout(timer)
      if (abort) signal?.removeEventListener('abort', abort)
      this.#transactions.delete(transactionId)
    }
  }

  /** Ends pending requests and frees the port. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#fail(new NoAnswerError('the client was closed'))
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #unusedTransactionId(): number {
    for (;;) {
      const transactionId = randomInt(2 ** 32)
      if (!this.#transactions.has(transactionId)) return transactionId
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#transactions.values()) reject(error)
  }
}

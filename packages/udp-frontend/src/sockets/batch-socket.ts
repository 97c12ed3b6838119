import type { AddressInfo } from 'node:net'
import type { Pending, SocketDrops } from '@chihaya/core'
import type { Batch, BatchSocket as NativeSocket, LocalAddress } from '@chihaya/udp-batch'
import { Datagram, type LateReply } from '../datagram.ts'
import { MAX_PROXY_HEADER } from '../proxied-dispatcher.ts'
import { PacketBuffer } from '../packets/packet-buffer.ts'
import type { Source } from '../source.ts'
import { UdpSocket, type SocketRoom, type UdpSocketInit } from './udp-socket.ts'

/** The part of `@chihaya/udp-batch` in use; the package is available on some systems only. */
export type BatchModule = Pick<typeof import('@chihaya/udp-batch'), 'BatchSocket' | 'unavailable'>

/**
 * A socket of `@chihaya/udp-batch`: one call for a whole batch of datagrams. Replies are written
 * straight into the memory that they are sent from.
 */
export class BatchUdpSocket extends UdpSocket {
  // Fixed, as the native part shares the memory from the moment it opens the socket.
  readonly room: SocketRoom
  readonly #module: BatchModule
  #socket: NativeSocket | undefined
  #refused = 0
  readonly #datagram = new Datagram()
  readonly #source: { -readonly [Key in keyof Source]: Source[Key] } = {
    address: new Uint8Array(4),
    port: 0,
  }

  constructor(init: UdpSocketInit, module: BatchModule) {
    super(init)
    const { requestRoom, replyRoom } = init.service.dispatcher
    this.room = { request: requestRoom, reply: replyRoom }
    this.#module = module
  }

  address(): AddressInfo | undefined {
    return this.#socket?.address()
  }

  protected async release(): Promise<void> {
    this.#socket?.close()
    this.#socket = undefined
  }

  protected async open(address: string, family: 4 | 6): Promise<void> {
    const { port, receiveBufferSize, reusePort } = this.init
    this.#socket = this.#module.BatchSocket.bind(
      {
        address,
        port,
        reusePort,
        socketPerAddress: true,
        ipv6Only: family === 6,
        maxDatagram: this.room.request + MAX_PROXY_HEADER,
        keepTruncated: true,
        maxReply: this.room.reply,
        onError: (error) => this.report(error),
        ...(receiveBufferSize !== undefined && { receiveBufferSize }),
      },
      (batch) => this.#receive(batch),
    )
  }

  protected drops(): SocketDrops {
    const counters = this.#socket?.counters()
    if (!counters) return {}
    const { overflowed, dropped } = counters
    return { receive_buffer: overflowed, send_queue: dropped, pending_replies: this.#refused }
  }

  protected received(): number {
    return this.#socket?.counters().received ?? 0
  }

  protected receiveBuffer(): number {
    return this.#socket?.receiveBufferSize ?? 0
  }

  protected stopReading(): void {
    this.#socket?.pause()
  }

  #receive(batch: Batch): void {
    const { dispatcher, replies } = this.service
    if (replies.full) {
      this.#refused += batch.count
      return
    }
    const datagram = this.#datagram
    if (datagram.input.bytes.buffer !== batch.input.buffer)
      datagram.input = new PacketBuffer(batch.input.buffer as ArrayBuffer)
    if (datagram.output.bytes.buffer !== batch.output.buffer) {
      datagram.output = new PacketBuffer(batch.output.buffer as ArrayBuffer)
    }
    const source = this.#source
    dispatcher.readClock()
    for (let index = 0; index < batch.count; index++) {
      source.address = batch.address(index)
      source.port = batch.port(index)
      datagram.source = source
      datagram.start = batch.start(index)
      datagram.end = datagram.start + batch.length(index)
      datagram.replyAt = batch.replyStart(index)
      const reply = dispatcher.handle(datagram)
      if (typeof reply !== 'number') {
        void this.#sendLater(
          reply,
          source.address.slice(),
          source.port,
          batch.scope(index),
          batch.local(index),
          replies,
        )
      } else if (reply > 0) batch.reply(index, reply)
    }
  }

  async #sendLater(
    pending: Promise<LateReply>,
    address: Uint8Array,
    port: number,
    scope: number,
    local: LocalAddress | undefined,
    replies: Pending,
  ): Promise<void> {
    replies.begin()
    const { bytes } = await pending
    // A socket that closed without waiting for this reply is gone.
    this.#socket?.send(bytes, address, port, scope, local)
    replies.end()
  }
}

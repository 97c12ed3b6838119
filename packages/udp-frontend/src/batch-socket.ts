import type { AddressInfo } from 'node:net'
import type { Batch, BatchSocket as NativeSocket } from '@chihaya/udp-batch'
import { Slab } from './slab.ts'
import type { Source } from './source.ts'
import { UdpSocket, type UdpSocketInit } from './udp-socket.ts'

/** What this file needs of `@chihaya/udp-batch`, which is there on some systems only. */
export type BatchModule = Pick<typeof import('@chihaya/udp-batch'), 'BatchSocket' | 'unavailable'>

/** A socket of `@chihaya/udp-batch`: one call for a whole batch of datagrams, replies written where they are sent from. */
export class BatchUdpSocket extends UdpSocket {
  readonly #module: BatchModule
  #socket: NativeSocket | undefined
  #input = Slab.allocate(0)
  #output = Slab.allocate(0)
  readonly #source: { -readonly [Key in keyof Source]: Source[Key] } = { address: new Uint8Array(4), port: 0 }

  constructor(init: UdpSocketInit, module: BatchModule) {
    super(init)
    this.#module = module
  }

  address(): AddressInfo | undefined {
    return this.#socket?.address()
  }

  async close(): Promise<void> {
    this.#socket?.close()
    this.#socket = undefined
  }

  protected async open(address: string, family: 4 | 6): Promise<void> {
    const { port, receiveBufferSize, reusePort, dispatcher } = this.init
    this.#socket = this.#module.BatchSocket.bind(
      {
        address,
        port,
        reusePort,
        ipv6Only: family === 6,
        maxDatagram: dispatcher.requestRoom,
        maxReply: dispatcher.replyRoom,
        onError: (error) => this.report(error),
        ...(receiveBufferSize !== undefined && { receiveBufferSize }),
      },
      (batch) => this.#receive(batch),
    )
  }

  protected stopReading(): void {
    this.#socket?.pause()
  }

  #receive(batch: Batch): void {
    const { dispatcher } = this.init
    if (this.#input.bytes.buffer !== batch.input.buffer) this.#input = new Slab(batch.input.buffer as ArrayBuffer)
    if (this.#output.bytes.buffer !== batch.output.buffer) this.#output = new Slab(batch.output.buffer as ArrayBuffer)
    const source = this.#source
    dispatcher.readClock()
    for (let index = 0; index < batch.count; index++) {
      source.address = batch.address(index)
      source.port = batch.port(index)
      const at = batch.replyStart(index)
      const reply = dispatcher.handle(this.#input, batch.start(index), batch.end(index), source, this.#output, at)
      if (typeof reply !== 'number') void this.#sendLater(reply, source.address.slice(), source.port, batch.scope(index))
      else if (reply > 0) batch.reply(index, reply)
    }
  }

  async #sendLater(pending: Promise<Buffer>, address: Uint8Array, port: number, scope: number): Promise<void> {
    this.begin()
    const reply = await pending
    // A socket that did not wait for this reply any longer is closed.
    this.#socket?.send(reply, address, port, scope)
    this.end()
  }
}

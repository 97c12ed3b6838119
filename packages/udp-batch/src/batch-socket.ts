import type { AddressInfo } from 'node:net'
import { native } from './availability.ts'
import { Batch, strideFor } from './batch.ts'
import type { Counters } from './counters.ts'
import type { LocalAddress } from './local-address.ts'
import {
  FAILED,
  IPV6_ONLY,
  KEEP_TRUNCATED,
  READABLE,
  REUSE_PORT,
  WRITABLE,
  type Handle,
  type Native,
} from './native.ts'
import { ownAddresses } from './own-addresses.ts'
import { checkOptions, type BatchSocketOptions, type CheckedOptions } from './options.ts'
import { Records } from './records.ts'
import { SendQueue } from './send-queue.ts'
import { inWords, systemError } from './system-error.ts'

const COUNTERS = 5

/** A socket of the native part. */
interface Member {
  readonly handle: Handle
  /** The address of a socket beside the wildcard. */
  readonly local: LocalAddress | undefined
  /** The events that it waits for. */
  watched: number
}

/**
 * A UDP socket that receives and sends in batches. It does not read while the system refuses to
 * take replies.
 */
export class BatchSocket {
  readonly #native: Native
  /** The socket at the address of the options. It sends the queue. */
  readonly #main: Member
  /** All sockets, `#main` first. */
  readonly #members: Member[]
  readonly #onBatch: (batch: Batch) => void
  readonly #onError: ((error: NodeJS.ErrnoException) => void) | undefined
  readonly #address: AddressInfo
  readonly #batch: Batch
  readonly #records: Records
  readonly #input: ArrayBuffer
  readonly #output: ArrayBuffer
  readonly #queue: SendQueue
  // The range of records with replies that the system has not taken yet, and their socket.
  #repliesFrom = 0
  #repliesTo = 0
  #replying: Member
  #inBatch = false
  #flushScheduled = false
  /** The socket whose send buffer is full. All wait until it is writable, without reading. */
  #blocked: Member | undefined
  #reading = true
  #closed = false
  #dropped = 0
  /** What has failed since the last report. */
  #failure: NodeJS.ErrnoException | undefined

  /**
   * Opens a socket and starts reading.
   * @throws {NodeJS.ErrnoException} from the system, with nothing left open. {TypeError |
   * RangeError} for invalid options. {Error} if batching is unavailable, see `unavailable`.
   */
  static bind(options: BatchSocketOptions, onBatch: (batch: Batch) => void): BatchSocket {
    if (typeof onBatch !== 'function') throw new TypeError('onBatch is not a function')
    return new BatchSocket(checkOptions(options), onBatch)
  }

  private constructor(options: CheckedOptions, onBatch: (batch: Batch) => void) {
    const { batchSize, maxDatagram, maxReply, sendQueueSize } = options
    this.#native = native()
    this.#onBatch = onBatch
    this.#onError = options.onError
    this.#records = new Records(batchSize)
    this.#batch = new Batch(this.#records, batchSize, maxDatagram, maxReply)
    this.#input = this.#batch.input.buffer as ArrayBuffer
    this.#output = this.#batch.output.buffer as ArrayBuffer
    this.#queue = new SendQueue(sendQueueSize, maxReply)
    this.#main = this.#open(options)
    this.#replying = this.#main
    this.#members = [this.#main]
    try {
      const [address, port] = this.#native.address(this.#main.handle)
      this.#address = { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port }
      if (options.socketPerAddress && !options.reusePort && address === '0.0.0.0')
        this.#openBeside({ ...options, port })
      this.#watch()
    } catch (error) {
      this.#closeMembers()
      throw inWords(error, options)
    }
  }

  /** The bound address, also after `close`. */
  address(): AddressInfo {
    return { ...this.#address }
  }

  /** Whether `close` has been called. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Size of the receive buffer as the system reports it, in bytes. With `socketPerAddress`, the sum
   * of all.
   * @throws {Error} after `close`.
   */
  get receiveBufferSize(): number {
    return this.#bufferSize(false)
  }

  /**
   * Size of the send buffer as the system reports it, in bytes. With `socketPerAddress`, the sum
   * of all.
   * @throws {Error} after `close`.
   */
  get sendBufferSize(): number {
    return this.#bufferSize(true)
  }

  /** The counters so far, also after `close`. */
  counters(): Counters {
    const values = new Float64Array(COUNTERS)
    const sums = new Float64Array(COUNTERS)
    for (const { handle } of this.#members) {
      this.#native.counters(handle, values.buffer)
      for (const [index, value] of values.entries()) sums[index] = (sums[index] as number) + value
    }
    const [received, sent, truncated, errors, overflowed] = sums as unknown as [
      number,
      number,
      number,
      number,
      number,
    ]
    return { received, sent, truncated, dropped: this.#dropped, errors, overflowed }
  }

  /**
   * Sends a datagram at the end of this turn of the event loop, together with others. Copies its
   * arguments.
   * @param address 4 or 16 bytes.
   * @param scope interface index of a link-local address.
   * @param local the address to send from, of the same family. The system chooses one by default. A
   * socket bound to one address always sends from it.
   * @returns false if the datagram was dropped because the queue and the send buffer are full.
   * @throws {RangeError} for more than `maxReply` bytes, and for an invalid address or port. {Error}
   * after `close`.
   */
  send(
    bytes: Uint8Array,
    address: Uint8Array,
    port: number,
    scope = 0,
    local?: LocalAddress,
  ): boolean {
    if (this.#closed) throw new Error('the socket is closed')
    this.#checkDatagram(bytes, address, port, local)
    if (this.#queue.full && !this.#blocked) {
      if (!this.#sendQueue()) this.#blocked = this.#main
      this.#watch()
    }
    if (this.#queue.full) {
      this.#dropped++
      return false
    }
    this.#queue.add(bytes, address, port, scope, local)
    if (!this.#flushScheduled && !this.#blocked) {
      this.#flushScheduled = true
      setImmediate(this.#endOfTurn)
    }
    return true
  }

  /** Stops reading. Datagrams wait in the receive buffer until it is full. */
  pause(): void {
    this.#reading = false
    this.#watch()
  }

  /** Resumes reading. */
  resume(): void {
    this.#reading = true
    this.#watch()
  }

  /**
   * Sends the queue, as far as the system takes it, and closes. Inside `onBatch`, the replies of the
   * batch are sent first. A second call does nothing.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#inBatch) this.#release()
  }

  /** Opens a socket for each address of the host. */
  #openBeside(options: CheckedOptions): void {
    for (const address of ownAddresses()) {
      try {
        this.#members.push(this.#open({ ...options, address }, this.#main.handle))
      } catch {
        // The wildcard serves the address.
      }
    }
  }

  #open(options: CheckedOptions, wildcard?: Handle): Member {
    const { batchSize, maxDatagram, maxReply } = options
    const { reusePort, ipv6Only, keepTruncated } = options
    const flags =
      (reusePort ? REUSE_PORT : 0) |
      (ipv6Only ? IPV6_ONLY : 0) |
      (keepTruncated ? KEEP_TRUNCATED : 0)
    const buffers = [options.receiveBufferSize, options.sendBufferSize]
    const counts = [batchSize, Math.max(batchSize, options.sendQueueSize)]
    const lengths = [maxDatagram, strideFor(maxDatagram), strideFor(maxReply)]
    const parameters = Uint32Array.of(options.port, flags, ...buffers, ...counts, ...lengths)
    const bytes = Uint8Array.from(options.address.split('.'), Number)
    const local = wildcard && { address: bytes, scope: 0 }
    const onReady = (failed: boolean): void => this.#onReady(member, failed)
    let member: Member
    try {
      const handle = this.#native.open(options.address, parameters.buffer, onReady, wildcard)
      member = { handle, local, watched: 0 }
    } catch (error) {
      throw inWords(error, options)
    }
    return member
  }

  #checkDatagram(
    bytes: Uint8Array,
    address: Uint8Array,
    port: number,
    local: LocalAddress | undefined,
  ): void {
    const { maxReply } = this.#batch
    if (bytes.length > maxReply)
      throw new RangeError(`a datagram has at most ${maxReply} bytes, not ${bytes.length}`)
    const reachable =
      address.length === 4 || (address.length === 16 && this.#address.family === 'IPv6')
    if (!reachable)
      throw new RangeError(
        `an ${this.#address.family} socket cannot reach an address of ${address.length} bytes`,
      )
    if (local && local.address.length !== address.length)
      throw new RangeError('the two addresses are of different families')
    if (!(port >= 0 && port <= 65_535)) throw new RangeError(`a port is 0 to 65535, not ${port}`)
  }

  #onReady(member: Member, failed: boolean): void {
    if (failed) {
      member.watched = 0
      this.#noteFailure(member, 'poll')
    }
    try {
      if (this.#blocked) this.#flush()
      if (this.#reading && !this.#blocked) this.#receive(member)
    } finally {
      this.#watch()
    }
    this.#report()
  }

  readonly #endOfTurn = (): void => {
    this.#flushScheduled = false
    if (this.#closed || this.#blocked) return
    this.#flush()
    this.#watch()
    this.#report()
  }

  #receive(member: Member): void {
    const result = this.#native.receive(member.handle, this.#input, this.#records.memory)
    if (result & FAILED) this.#noteFailure(member, 'recvmmsg')
    const count = result & ~FAILED
    if (count === 0) return
    this.#inBatch = true
    try {
      this.#batch.fill(count, member.local)
      this.#onBatch(this.#batch)
    } finally {
      this.#inBatch = false
      // A reply after `onBatch` has returned is a mistake, and throws.
      this.#batch.fill(0)
      this.#repliesFrom = 0
      this.#repliesTo = count
      this.#replying = member
      if (this.#closed) this.#release()
      else this.#flush()
    }
  }

  #flush(): void {
    if (!this.#sendReplies()) this.#blocked = this.#replying
    else this.#blocked = this.#sendQueue() ? undefined : this.#main
  }

  /** Returns whether the system has taken all replies. */
  #sendReplies(): boolean {
    const [from, to] = [this.#repliesFrom, this.#repliesTo]
    this.#repliesFrom = this.#send(this.#replying, this.#output, this.#records, from, to)
    return this.#repliesFrom === this.#repliesTo
  }

  /** Returns whether the system has taken the whole queue. */
  #sendQueue(): boolean {
    const queue = this.#queue
    while (queue.length > 0) {
      const { from, to } = queue
      const next = this.#send(this.#main, queue.output, queue.records, from, to)
      queue.remove(next - from)
      if (next < to) return false
    }
    return true
  }

  /** Returns the index of the first record that the system has not taken, or `to`. */
  #send(member: Member, output: ArrayBuffer, records: Records, from: number, to: number): number {
    if (from === to) return to
    const result = this.#native.send(member.handle, output, records.memory, from, to)
    if (result & FAILED) this.#noteFailure(member, 'sendmmsg')
    return result & ~FAILED
  }

  /** Waits for the event that each socket needs now. */
  #watch(): void {
    if (this.#closed) return
    const blocked = this.#blocked
    const others = this.#reading && !blocked ? READABLE : 0
    for (const member of this.#members) {
      const events = member === blocked ? WRITABLE : others
      if (events === member.watched) continue
      member.watched = events
      this.#native.watch(member.handle, events)
    }
  }

  #noteFailure({ handle }: Member, call: string): void {
    if (this.#onError === undefined) return
    const unused = new ArrayBuffer(COUNTERS * Float64Array.BYTES_PER_ELEMENT)
    this.#failure = systemError(-this.#native.counters(handle, unused), call)
  }

  #report(): void {
    const failure = this.#failure
    this.#failure = undefined
    if (failure) this.#onError?.(failure)
  }

  #bufferSize(sending: boolean): number {
    return this.#members.reduce(
      (sum, { handle }) => sum + this.#native.bufferSize(handle, sending),
      0,
    )
  }

  #release(): void {
    this.#flush()
    this.#dropped +=
      this.#queue.length + this.#records.countOutgoing(this.#repliesFrom, this.#repliesTo)
    this.#closeMembers()
  }

  #closeMembers(): void {
    for (const { handle } of this.#members) this.#native.close(handle)
  }
}

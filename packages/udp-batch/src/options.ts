import { isIP } from 'node:net'

/** Bytes of the longest datagram there is: over IPv6, without jumbograms. */
const LONGEST = 65_527
/** Datagrams that the system takes or gives in one call. */
const MOST = 1024
const MAX_BUFFER = 2 ** 30

export interface BatchSocketOptions {
  /**
   * An IPv4 or IPv6 address, no host name; it decides the socket's family. A zone is allowed
   * (`fe80::1%eth0`).
   */
  address: string
  /** 0 lets the system choose one. */
  port: number
  /** Whether an IPv6 socket leaves IPv4 to others. @default false */
  ipv6Only?: boolean | undefined
  /** Lets several sockets share a port: the system spreads the clients over them. @default false */
  reusePort?: boolean | undefined
  /**
   * Bytes of the system's queue of unread datagrams, limited by `net.core.rmem_max`; the system's
   * own default when absent.
   */
  receiveBufferSize?: number | undefined
  /**
   * Bytes of the system's queue of unsent datagrams, limited by `net.core.wmem_max`; the system's
   * own default when absent.
   */
  sendBufferSize?: number | undefined
  /** Datagrams in a batch at most, 1 to 1024. @default 64 */
  batchSize?: number | undefined
  /**
   * Bytes of a datagram that is received at most, 1 to 65527; longer ones are dropped and counted.
   * @default 2048
   */
  maxDatagram?: number | undefined
  /**
   * Whether longer datagrams are cut rather than dropped; `Batch.length` gives their own length.
   * @default false
   */
  keepTruncated?: boolean | undefined
  /** Bytes of a datagram that is sent at most, 1 to 65527. @default 2048 */
  maxReply?: number | undefined
  /** Datagrams that `send` keeps at most, 1 to 1024. @default 128 */
  sendQueueSize?: number | undefined
  /**
   * What the system said about datagrams: called once a batch at most, for the last of its errors.
   */
  onError?: ((error: NodeJS.ErrnoException) => void) | undefined
}

/** Options with their defaults; 0 for a buffer size is the system's. */
export type CheckedOptions = {
  [Key in Exclude<keyof BatchSocketOptions, 'onError'>]-?: NonNullable<BatchSocketOptions[Key]>
} & {
  onError: ((error: NodeJS.ErrnoException) => void) | undefined
}

/** @throws {TypeError | RangeError} naming the option that is wrong. */
export function checkOptions(options: BatchSocketOptions): CheckedOptions {
  const { address, port, onError } = options
  if (typeof address !== 'string' || isIP(address) === 0)
    throw new TypeError(`address is no IP address: ${address}`)
  if (onError !== undefined && typeof onError !== 'function')
    throw new TypeError('onError is no function')
  return {
    address,
    port: integer('port', port, 0, 65_535),
    ipv6Only: boolean('ipv6Only', options.ipv6Only ?? false),
    reusePort: boolean('reusePort', options.reusePort ?? false),
    receiveBufferSize: integer('receiveBufferSize', options.receiveBufferSize ?? 0, 0, MAX_BUFFER),
    sendBufferSize: integer('sendBufferSize', options.sendBufferSize ?? 0, 0, MAX_BUFFER),
    batchSize: integer('batchSize', options.batchSize ?? 64, 1, MOST),
    maxDatagram: integer('maxDatagram', options.maxDatagram ?? 2048, 1, LONGEST),
    keepTruncated: boolean('keepTruncated', options.keepTruncated ?? false),
    maxReply: integer('maxReply', options.maxReply ?? 2048, 1, LONGEST),
    sendQueueSize: integer('sendQueueSize', options.sendQueueSize ?? 128, 1, MOST),
    onError,
  }
}

function integer(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} is no number: ${String(value)}`)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} has to be a whole number from ${least} to ${most}, not ${value}`)
  }
  return value
}

function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${name} is no boolean: ${String(value)}`)
  return value
}

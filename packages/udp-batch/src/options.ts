import { isIP } from 'node:net'

/** Bytes of the longest datagram: IPv6 without jumbograms. */
const LONGEST = 65_527
/** Datagrams in one system call: the kernel's UIO_MAXIOV. */
const MOST = 1024
const MAX_BUFFER = 2 ** 30

export interface BatchSocketOptions {
  /**
   * An IPv4 or IPv6 address, not a host name. It determines the family of the socket. A zone is
   * allowed (`fe80::1%eth0`).
   */
  address: string
  /** 0 lets the system choose. */
  port: number
  /** Whether an IPv6 socket leaves IPv4 to other sockets. @default false */
  ipv6Only?: boolean | undefined
  /** Lets sockets share a port. The system distributes clients among them. @default false */
  reusePort?: boolean | undefined
  /**
   * Whether a socket at `0.0.0.0` opens another for each IPv4 address of the host, up to 16. They
   * take less CPU time, and the wildcard serves other addresses. Has no effect with `reusePort`,
   * as the system would prefer them to the wildcards of other processes. @default false
   */
  socketPerAddress?: boolean | undefined
  /**
   * Size of the receive buffer in bytes, limited by `net.core.rmem_max`. The system's default if
   * unset.
   */
  receiveBufferSize?: number | undefined
  /**
   * Size of the send buffer in bytes, limited by `net.core.wmem_max`. The system's default if
   * unset.
   */
  sendBufferSize?: number | undefined
  /** Maximum number of datagrams in a batch, 1 to 1024. @default 64 */
  batchSize?: number | undefined
  /**
   * Maximum size of a received datagram in bytes, 1 to 65527. Longer ones are dropped and counted.
   * @default 2048
   */
  maxDatagram?: number | undefined
  /**
   * Whether longer datagrams are cut rather than dropped. `Batch.length` is their original size.
   * @default false
   */
  keepTruncated?: boolean | undefined
  /** Maximum size of a sent datagram in bytes, 1 to 65527. @default 2048 */
  maxReply?: number | undefined
  /** Maximum number of datagrams that `send` queues, 1 to 1024. @default 128 */
  sendQueueSize?: number | undefined
  /**
   * Called with errors of the system about datagrams, at most once per batch, with the last one.
   */
  onError?: ((error: NodeJS.ErrnoException) => void) | undefined
}

/** Options with their defaults. A buffer size of 0 is the system's default. */
export type CheckedOptions = {
  [Key in Exclude<keyof BatchSocketOptions, 'onError'>]-?: NonNullable<BatchSocketOptions[Key]>
} & {
  onError: ((error: NodeJS.ErrnoException) => void) | undefined
}

/** @throws {TypeError | RangeError} naming the invalid option. */
export function checkOptions(options: BatchSocketOptions): CheckedOptions {
  const { address, port, onError } = options
  if (typeof address !== 'string' || isIP(address) === 0)
    throw new TypeError(`address is not an IP address: ${address}`)
  if (onError !== undefined && typeof onError !== 'function')
    throw new TypeError('onError is not a function')
  return {
    address,
    port: integer('port', port, 0, 65_535),
    ipv6Only: boolean('ipv6Only', options.ipv6Only ?? false),
    reusePort: boolean('reusePort', options.reusePort ?? false),
    socketPerAddress: boolean('socketPerAddress', options.socketPerAddress ?? false),
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
  if (typeof value !== 'number') throw new TypeError(`${name} is not a number: ${String(value)}`)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}, not ${value}`)
  }
  return value
}

function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`${name} is not a boolean: ${String(value)}`)
  return value
}

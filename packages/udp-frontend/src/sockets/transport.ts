import { TRK_ERR_OPTIONS } from '@chihaya/core'
import { BatchUdpSocket, type BatchModule } from './batch-socket.ts'
import { DgramSocket } from './dgram-socket.ts'
import type { UdpFrontendOptions } from '../options.ts'
import type { SocketLog, UdpSocket, UdpSocketInit } from './udp-socket.ts'

/** Makes the sockets of one transport. */
export type Transport = (init: UdpSocketInit) => UdpSocket

/** The package of batches, or why there are none here. */
export type BatchesOf = () => Promise<BatchModule | string>

const dgram: Transport = (init) => new DgramSocket(init)

/**
 * The transport that the option asks for; `auto` prefers batches, and says in the log why there are
 * none.
 * @throws TRK_ERR_OPTIONS when batches are asked for and not available.
 */
export async function chooseTransport(
  asked: Required<UdpFrontendOptions>['transport'],
  log: SocketLog,
  find: BatchesOf = importBatches,
): Promise<Transport> {
  if (asked === 'dgram') return dgram
  const batches = await find()
  if (typeof batches !== 'string') return (init) => new BatchUdpSocket(init, batches)
  if (asked === 'batch')
    throw new TRK_ERR_OPTIONS(
      '@chihaya/udp-frontend',
      `options/transport cannot be batch: ${batches}`,
    )
  log.info({ reason: batches }, 'the UDP tracker receives datagrams one by one')
  return dgram
}

async function importBatches(): Promise<BatchModule | string> {
  try {
    const module = await import('@chihaya/udp-batch')
    return module.unavailable() ?? module
  } catch {
    return '@chihaya/udp-batch is not installed'
  }
}

import { TRK_ERR_OPTIONS, type Log } from '@chihaya/core'
import { BatchUdpSocket, type BatchModule } from './batch-socket.ts'
import { DgramSocket } from './dgram-socket.ts'
import type { UdpFrontendOptions } from '../options.ts'
import type { UdpSocket, UdpSocketInit } from './udp-socket.ts'

/** Creates sockets. */
export type Transport = (init: UdpSocketInit) => UdpSocket

/** Finds `@chihaya/udp-batch`, or the reason why it is unavailable. */
export type FindBatches = () => Promise<BatchModule | string>

const dgram: Transport = (init) => new DgramSocket(init)

/**
 * The transport that the option asks for. `auto` prefers batches, and logs why they are
 * unavailable.
 * @throws TRK_ERR_OPTIONS for `batch` if batches are unavailable.
 */
export async function chooseTransport(
  asked: Required<UdpFrontendOptions>['transport'],
  log: Pick<Log, 'info' | 'warn'>,
  find: FindBatches = importBatches,
): Promise<Transport> {
  if (asked === 'dgram') return dgram
  const batches = await find()
  if (typeof batches !== 'string') return (init) => new BatchUdpSocket(init, batches)
  if (asked === 'batch')
    throw new TRK_ERR_OPTIONS(
      '@chihaya/udp-frontend',
      `options/transport cannot be batch: ${batches}`,
    )
  log.info({ reason: batches }, 'UDP batching is unavailable, using node:dgram')
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

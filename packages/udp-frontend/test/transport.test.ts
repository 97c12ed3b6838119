import { Pending } from '@chihaya/core'
import { unavailable } from '@chihaya/udp-batch'
import { describe, expect, test, vi } from 'vitest'
import { BatchUdpSocket } from '../src/sockets/batch-socket.ts'
import { DgramSocket } from '../src/sockets/dgram-socket.ts'
import type { Dispatcher } from '../src/dispatcher.ts'
import { chooseTransport, type FindBatches } from '../src/sockets/transport.ts'
import type { UdpSocketInit } from '../src/sockets/udp-socket.ts'

const log = { info: vi.fn<(details: object, message: string) => void>(), warn: () => undefined }
const init: UdpSocketInit = {
  host: '127.0.0.1',
  port: 0,
  optional: false,
  receiveBufferSize: undefined,
  reusePort: false,
  transport: 'auto',
  service: {
    dispatcher: { requestRoom: 2048 } as Dispatcher,
    replies: new Pending(),
    drops: undefined,
    log,
  },
}

const NOT_HERE: FindBatches = async () => 'no compiler'

describe('the transport', () => {
  test('is the configured one', async () => {
    expect((await chooseTransport('dgram', log))(init)).toBeInstanceOf(DgramSocket)
    const best = unavailable() === undefined ? BatchUdpSocket : DgramSocket
    expect((await chooseTransport('auto', log))(init)).toBeInstanceOf(best)
  })

  test('is dgram if batching is unavailable, and the log says why', async () => {
    log.info.mockClear()
    expect((await chooseTransport('auto', log, NOT_HERE))(init)).toBeInstanceOf(DgramSocket)
    expect(log.info.mock.calls).toEqual([
      [{ reason: 'no compiler' }, 'UDP batching is unavailable, using node:dgram'],
    ])
  })

  test('cannot be batch if batching is unavailable', async () => {
    await expect(chooseTransport('batch', log, NOT_HERE)).rejects.toThrow(
      'options/transport cannot be batch: no compiler',
    )
  })
})

import { parseOptions, Tracker, type Announce } from '@chihaya/core'
import { address, ModelPeerStore } from '@chihaya/core/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Datagram, type LateReply } from '../src/datagram.ts'
import { Dispatcher } from '../src/dispatcher.ts'
import { optionsSchema } from '../src/options.ts'
import { PacketBuffer } from '../src/packets/packet-buffer.ts'
import type { Source } from '../src/source.ts'
import { announce, connect, errorText, header, INFO_HASH, PEER_ID, scrape } from './datagrams.ts'

const FILL = 0xee

interface Handler {
  readonly tracker: Tracker
  readonly dispatcher: Dispatcher
}

function handler(): Handler {
  const now = (): number => 1_795_255_278_000
  const log = { error: () => undefined, warn: () => undefined }
  const tracker = new Tracker({ store: new ModelPeerStore({ peerLifetime: 60_000, now }), log })
  const options = parseOptions('@chihaya/udp-frontend', optionsSchema, { privateKey: 'key' })
  return { tracker, dispatcher: new Dispatcher({ tracker, options, log, now }) }
}

function source(text = '192.0.2.9'): Source {
  return { address: address(text), port: 40_000 }
}

function bufferOf(datagram: Buffer): PacketBuffer {
  const buffer = PacketBuffer.allocate(datagram.length)
  buffer.bytes.set(datagram)
  return buffer
}

/** A datagram alone in its buffer, with room for a reply. */
function received(dispatcher: Dispatcher, bytes: Buffer): Datagram {
  const datagram = new Datagram()
  datagram.input = bufferOf(bytes)
  datagram.end = bytes.length
  datagram.source = source()
  datagram.output = PacketBuffer.allocate(dispatcher.replyRoom)
  return datagram
}

/**
 * Handles a datagram at `start` of a larger buffer, with the reply at an even offset of another.
 */
function handleAt(
  dispatcher: Dispatcher,
  bytes: Buffer,
  start: number,
  at: number,
): Promise<Buffer> | Buffer {
  const datagram = received(
    dispatcher,
    Buffer.concat([Buffer.alloc(start, FILL), bytes, Buffer.alloc(64, FILL)]),
  )
  datagram.start = start
  datagram.end = start + bytes.length
  datagram.output = bufferOf(Buffer.alloc((at + dispatcher.replyRoom + 67) & ~1, FILL))
  datagram.replyAt = at
  const reply = dispatcher.handle(datagram)
  if (typeof reply !== 'number') return reply.then((late) => late.bytes)
  const output = datagram.output.bytes
  const outside = Buffer.concat([output.subarray(0, at), output.subarray(at + reply)])
  expect(outside.equals(Buffer.alloc(outside.length, FILL))).toBe(true)
  return output.subarray(at, at + reply)
}

function connectionId(dispatcher: Dispatcher): Buffer {
  return (handleAt(dispatcher, connect(), 0, 0) as Buffer).subarray(8)
}

describe('datagrams in a larger buffer', () => {
  test('are handled at any offset, and change nothing but their reply', () => {
    const id = connectionId(handler().dispatcher)
    const requests = [
      connect(),
      announce(id, { options: Buffer.from('\x02\x05/?a=b') }),
      announce(id).subarray(0, 90),
      scrape(id, [INFO_HASH, PEER_ID]),
      header(id, 9),
      announce(Buffer.alloc(8)),
      Buffer.alloc(3),
    ]
    const property = fc.property(
      fc.nat({ max: 70_000 }),
      fc.nat({ max: 70_000 }),
      (start, place) => {
        const at = place & ~1
        const [here, there] = [handler().dispatcher, handler().dispatcher]
        for (const request of requests) {
          expect(handleAt(here, request, start, at)).toEqual(handleAt(there, request, 0, 0))
        }
      },
    )
    fc.assert(property, { numRuns: 50 })
  })

  test('are not read past their end', () => {
    const { dispatcher } = handler()
    const datagram = received(dispatcher, announce(connectionId(dispatcher)))
    const lengths = [15, 16, 97, 98].map((end) =>
      dispatcher.handle(Object.assign(datagram, { end })),
    )
    expect(lengths).toEqual([0, 24, 24, 26])
  })
})

describe('buffers that are reused at once', () => {
  test('do not change a pending announce, nor what its hooks see', async () => {
    const { tracker, dispatcher } = handler()
    const requests: Announce[] = []
    tracker.addHook('preAnnounce', async (request) => {
      await new Promise((resolve) => void setImmediate(resolve))
      requests.push(request)
    })
    const fields = { left: 5n, port: 7000, options: Buffer.from('\x02\x05/?a=b') }
    const datagram = received(dispatcher, announce(connectionId(dispatcher), fields))
    const reply = dispatcher.handle(datagram)
    const output = datagram.output
    for (const buffer of [datagram.input.bytes, output.bytes, datagram.source.address])
      buffer.fill(FILL)
    expect(((await reply) as LateReply).bytes.toString('hex')).toBe(
      '0000000111223344000007080000000100000000c00002091b58',
    )
    expect(output.bytes).toEqual(Buffer.alloc(output.bytes.length, FILL))
    const request = requests.at(0) as Announce
    expect([...request.address, request.port, request.left]).toEqual([192, 0, 2, 9, 7000, 5n])
    expect([request.infoHash, request.peerId]).toEqual([
      INFO_HASH.toString('latin1'),
      PEER_ID.toString('latin1'),
    ])
    expect(request.params.get('a')).toBe('b')
  })

  test('do not change a pending scrape or refusal', async () => {
    const { tracker, dispatcher } = handler()
    let refuse = false
    tracker.addHook('preScrape', async () => {
      await new Promise((resolve) => void setImmediate(resolve))
      if (refuse) throw new Error('a fault')
    })
    for (const expected of ['(action 2)', 'internal server error']) {
      const datagram = received(dispatcher, scrape(connectionId(dispatcher), [INFO_HASH], 7))
      const reply = dispatcher.handle(datagram)
      for (const buffer of [datagram.input.bytes, datagram.output.bytes]) buffer.fill(FILL)
      const settled = ((await reply) as LateReply).bytes
      expect([errorText(settled), settled.readUInt32BE(4)]).toEqual([expected, 7])
      refuse = true
    }
  })
})

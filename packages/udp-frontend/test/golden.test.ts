import { describe, expect, test } from 'vitest'
import { announce, connect, EVENT, INFO_HASH, PEER_ID } from './datagrams.ts'
import { IPV4, IPV6, TrackerUnderTest, type Source } from './tracker-under-test.ts'

const CONNECT = '00000417271019800000000011223344'
const ANNOUNCE =
  '00000001 11223345' +
  'a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3 2d5453303030312d6162636465666768696a6b6c' +
  '0000000000000000 00000000000003e8 0000000000000000' +
  '00000002 00000000 deadbeef ffffffff 1ae1'

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

async function send(
  tracker: TrackerUnderTest,
  hex: string,
  source: Source = IPV4,
): Promise<string> {
  return (await tracker.send(bytes(hex), source))?.toString('hex') ?? ''
}

async function idFor(tracker: TrackerUnderTest, source: Source): Promise<string> {
  return (await tracker.connect(source)).toString('hex')
}

async function seed(tracker: TrackerUnderTest, source: Source): Promise<void> {
  await tracker.send(announce(await tracker.connect(source), { left: 0n }), source)
}

describe('byte by byte', () => {
  test('the requests of these tests equal the vectors', () => {
    const id = bytes('6b016bee447b71d0')
    const fields = {
      transaction: 0x11223345,
      event: EVENT.started,
      infoHash: INFO_HASH,
      peerId: PEER_ID,
    }
    expect(connect().toString('hex')).toBe(CONNECT)
    expect(announce(id, fields)).toEqual(bytes(`6b016bee447b71d0 ${ANNOUNCE}`))
  })

  test('connect', async () => {
    const tracker = new TrackerUnderTest()
    expect(await send(tracker, CONNECT)).toMatch(/^00000000112233446b016bee[0-9a-f]{8}$/)
  })

  test('announce over IPv4', async () => {
    const tracker = new TrackerUnderTest()
    await seed(tracker, { address: '192.0.2.7', port: 1 })
    const reply = await send(tracker, (await idFor(tracker, IPV4)) + ANNOUNCE)
    expect(bytes(reply)).toEqual(
      bytes('00000001 11223345 00000708 00000001 00000001 c0000207 1ae1'),
    )
  })

  test('announce over IPv6', async () => {
    const tracker = new TrackerUnderTest()
    await seed(tracker, { address: '2001:db8::7', port: 1 })
    const reply = await send(tracker, (await idFor(tracker, IPV6)) + ANNOUNCE, IPV6)
    const peer = '20010db8000000000000000000000007 1ae1'
    expect(bytes(reply)).toEqual(bytes(`00000001 11223345 00000708 00000001 00000001 ${peer}`))
  })

  test('scrape', async () => {
    const tracker = new TrackerUnderTest()
    const id = await tracker.connect()
    for (let port = 1001; port <= 1005; port++) {
      await tracker.send(
        announce(id, { port, peerId: Buffer.alloc(20, port & 0xff), event: EVENT.completed }),
      )
    }
    for (let port = 1002; port <= 1003; port++) await tracker.send(announce(id, { port }))
    for (let port = 1004; port <= 1005; port++)
      await tracker.send(announce(id, { port, event: EVENT.stopped }))
    const reply = await send(
      tracker,
      `${id.toString('hex')} 00000002 11223346 ${INFO_HASH.toString('hex')}`,
    )
    expect(bytes(reply)).toEqual(bytes('00000002 11223346 00000001 00000005 00000002'))
  })

  test('error', async () => {
    const tracker = new TrackerUnderTest({
      hooks: { preAnnounce: () => Promise.reject(new Error('secret')) },
    })
    const reply = await send(tracker, (await idFor(tracker, IPV4)) + ANNOUNCE)
    expect(bytes(reply)).toEqual(
      Buffer.concat([bytes('00000003 11223345'), Buffer.from('internal server error')]),
    )
  })
})

import { describe, expect, test } from 'vitest'
import {
  announce,
  connect,
  errorText,
  EVENT,
  header,
  INFO_HASH,
  MAGIC,
  NO_ID,
  readAnnounceReply,
  scrape,
} from './datagrams.ts'
import { IPV4, TrackerUnderTest } from './tracker-under-test.ts'

const SILENCE = '(silence)'
const BAD_ID = 'bad connection ID'

describe('requests and their answers', () => {
  // `id` is a valid connection id.
  const cases: Array<[name: string, datagram: (id: Buffer) => Uint8Array, answer: string]> = [
    ['nothing', () => Buffer.alloc(0), SILENCE],
    ['15 bytes of a connect', () => connect().subarray(0, 15), SILENCE],
    ['15 bytes with a valid id', (id) => announce(id).subarray(0, 15), SILENCE],
    ['a connect', () => connect(), '(action 0)'],
    [
      'a connect with trailing bytes',
      () => Buffer.concat([connect(), Buffer.alloc(500)]),
      '(action 0)',
    ],
    [
      'a connect with another magic',
      () => header(Buffer.from('0000041727101981', 'hex'), 0),
      SILENCE,
    ],
    ['a connect with a valid id in place of the magic', (id) => header(id, 0), SILENCE],
    ['an announce with the magic in place of the id', () => announce(MAGIC), BAD_ID],
    ['a bad id in an announce', () => announce(NO_ID), BAD_ID],
    ['a bad id in a scrape', () => scrape(NO_ID, [INFO_HASH]), BAD_ID],
    ['a bad id and a wrong body', () => announce(NO_ID, { event: 99, port: 0 }), BAD_ID],
    ['a bad id in a datagram as long as the error', () => announce(NO_ID).subarray(0, 25), BAD_ID],
    [
      'a bad id in a datagram shorter than the error',
      () => announce(NO_ID).subarray(0, 24),
      SILENCE,
    ],
    ['a bad id with action 3', () => announce(NO_ID, { action: 3 }), SILENCE],
    ['a bad id with action 4', () => announce(NO_ID, { action: 4 }), SILENCE],
    ['a bad id with an unknown action', () => announce(NO_ID, { action: 0xffffffff }), SILENCE],
    [
      'a bad id with an action that is 1 in its last byte',
      () => announce(NO_ID, { action: 0x101 }),
      SILENCE,
    ],
    ['an unknown action', (id) => header(id, 5), 'unknown action ID'],
    [
      'an action that is 1 in its last byte',
      (id) => announce(id, { action: 0x101 }),
      'unknown action ID',
    ],
    ['the action of an error', (id) => announce(id, { action: 3 }), 'unknown action ID'],
    ['action 4', (id) => announce(id, { action: 4, ip: Buffer.alloc(16) }), 'unknown action ID'],
    ['an announce', (id) => announce(id), '(action 1)'],
    [
      'an announce with trailing bytes',
      (id) => announce(id, { options: Buffer.alloc(900, 0xee) }),
      '(action 1)',
    ],
    ['16 bytes of an announce', (id) => announce(id).subarray(0, 16), 'malformed packet'],
    ['97 bytes of an announce', (id) => announce(id).subarray(0, 97), 'malformed packet'],
    ['event 5', (id) => announce(id, { event: 5 }), 'malformed event ID'],
    [
      'event 256, which is 0 in its last byte',
      (id) => announce(id, { event: 256 }),
      'malformed event ID',
    ],
    ['event 0xffffffff', (id) => announce(id, { event: 0xffffffff }), 'malformed event ID'],
    ['port 0', (id) => announce(id, { port: 0 }), 'invalid port'],
    [
      'port 0 with `stopped`',
      (id) => announce(id, { port: 0, event: EVENT.stopped }),
      '(action 1)',
    ],
    [
      'port 1, which libtorrent sends when it does not listen',
      (id) => announce(id, { port: 1 }),
      '(action 1)',
    ],
    ['port 65535', (id) => announce(id, { port: 65_535 }), '(action 1)'],
    ['a scrape', (id) => scrape(id, [INFO_HASH]), '(action 2)'],
    ['a scrape of nothing', (id) => scrape(id, []), 'malformed packet'],
    [
      'a scrape of part of an infohash',
      (id) => scrape(id, [INFO_HASH.subarray(1)]),
      'malformed packet',
    ],
  ]
  test.each(cases)('%s', async (_, datagram, answer) => {
    const tracker = new TrackerUnderTest()
    const reply = await tracker.send(datagram(await tracker.connect()))
    expect(errorText(reply)).toBe(answer)
  })

  test.each([0, 1, 0x7fffffff, 0x80000000, 0xffffffff])(
    'transaction id %d is returned unchanged',
    async (transaction) => {
      const tracker = new TrackerUnderTest()
      const id = await tracker.connect()
      const requests = [
        connect(transaction),
        announce(id, { transaction }),
        scrape(id, [INFO_HASH], transaction),
        header(id, 9, transaction),
        announce(NO_ID, { transaction }),
      ]
      const replies = await Promise.all(requests.map((request) => tracker.send(request)))
      expect(replies.map((reply) => reply?.readUInt32BE(4))).toEqual(
        requests.map(() => transaction),
      )
    },
  )

  test('a connect reply has 16 bytes, for any request', async () => {
    const tracker = new TrackerUnderTest()
    for (const extra of [0, 1, 1000]) {
      expect(await tracker.send(Buffer.concat([connect(), Buffer.alloc(extra)]))).toHaveLength(16)
    }
  })

  test('silentOnBadConnectionId leaves bad ids unanswered', async () => {
    const tracker = new TrackerUnderTest({ options: { silentOnBadConnectionId: true } })
    expect(await tracker.send(announce(NO_ID))).toBeUndefined()
    expect(errorText(await tracker.send(announce(await tracker.connect())))).toBe('(action 1)')
  })

  test('a repeated request changes nothing', async () => {
    const tracker = new TrackerUnderTest()
    const id = await tracker.connect()
    const completed = announce(id, { event: EVENT.completed })
    for (let round = 0; round < 5; round++)
      expect(await tracker.send(completed)).toEqual(await tracker.send(completed))
    const row = (await tracker.send(scrape(id, [INFO_HASH])))?.subarray(8).toString('hex')
    expect(row).toBe('000000010000000100000000')
  })
})

describe('sources that are not answered', () => {
  test.each(['0.0.0.0', '224.0.0.1', '255.255.255.255', '::', 'ff02::1'])('%s', async (address) => {
    expect(await new TrackerUnderTest().send(connect(), { address, port: 1000 })).toBeUndefined()
  })

  test('port 0, with any options', async () => {
    for (const dropSourcePorts of [[], [53]]) {
      const tracker = new TrackerUnderTest({ options: { dropSourcePorts } })
      expect(await tracker.send(connect(), { ...IPV4, port: 0 })).toBeUndefined()
    }
  })

  test('the ports in the options', async () => {
    const ports = [7, 19, 53, 123]
    const tracker = new TrackerUnderTest({ options: { dropSourcePorts: ports } })
    for (const port of ports)
      expect(await tracker.send(connect(), { ...IPV4, port })).toBeUndefined()
    expect(await tracker.send(connect(), { ...IPV4, port: 54 })).toHaveLength(16)
    expect(await new TrackerUnderTest().send(connect(), { ...IPV4, port: 53 })).toHaveLength(16)
  })

  test('a mapped IPv4 source is an IPv4 source', async () => {
    const tracker = new TrackerUnderTest()
    const id = await tracker.connect({ ...IPV4, address: `::ffff:${IPV4.address}` })
    expect(readAnnounceReply(await tracker.send(announce(id))).peers).toEqual(['192.0.2.9:6881'])
  })

  test('rejects a source that is not an address', async () => {
    await expect(
      new TrackerUnderTest().send(connect(), { address: 'localhost', port: 1 }),
    ).rejects.toThrow('"localhost" is not an IP address')
  })
})

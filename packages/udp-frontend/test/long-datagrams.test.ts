import { unavailable } from '@chihaya/udp-batch'
import { describe, expect, test } from 'vitest'
import { announce, connect, errorText, header, INFO_HASH, NO_ID, scrape } from './datagrams.ts'
import { IPV4, TrackerUnderTest } from './tracker-under-test.ts'
import { UdpClient } from './udp-client.ts'

const TRANSPORTS =
  unavailable() === undefined ? (['dgram', 'batch'] as const) : (['dgram'] as const)

/** The longest datagram over IPv4. */
const LONGEST = 65_507
/** The longest announce that is read. */
const LONGEST_ANNOUNCE = 2944

const TOO_MANY = 'Request-URI Too Long: too many infohashes'

/** The datagram, padded with zeros to this many bytes. */
function padded(datagram: Buffer, length: number): Buffer {
  return Buffer.concat([datagram, Buffer.alloc(length - datagram.length)])
}

function scrapeOf(id: Uint8Array, count: number): Buffer {
  return scrape(
    id,
    Array.from({ length: count }, () => INFO_HASH),
  )
}

const REQUESTS: Array<[what: string, datagram: (id: Buffer) => Buffer, answer: string]> = [
  ['a scrape of 100 infohashes', (id) => scrapeOf(id, 100), '(action 2)'],
  ['a scrape of 101', (id) => scrapeOf(id, 101), TOO_MANY],
  ['a scrape of 146', (id) => scrapeOf(id, 146), TOO_MANY],
  ['a scrape of 147', (id) => scrapeOf(id, 147), TOO_MANY],
  ['a scrape of 1000', (id) => scrapeOf(id, 1000), TOO_MANY],
  ['a scrape of 3274', (id) => scrapeOf(id, 3274), TOO_MANY],
  ['the longest scrape', (id) => padded(scrapeOf(id, 1), LONGEST), TOO_MANY],
  ['the longest accepted announce', (id) => padded(announce(id), LONGEST_ANNOUNCE), '(action 1)'],
  ['a longer announce', (id) => padded(announce(id), LONGEST_ANNOUNCE + 1), 'malformed packet'],
  [
    'an announce with room for a PROXY header',
    (id) => padded(announce(id), LONGEST_ANNOUNCE + 536),
    'malformed packet',
  ],
  ['the longest announce', (id) => padded(announce(id), LONGEST), 'malformed packet'],
  ['the longest unknown action', (id) => padded(header(id, 7), LONGEST), 'unknown action ID'],
  ['the longest connect', () => padded(connect(), LONGEST), '(action 0)'],
]

describe.each(TRANSPORTS)('over %s', (transport) => {
  test.each(REQUESTS)('%s is answered', async (_what, datagram, answer) => {
    const tracker = new TrackerUnderTest({
      options: { transport, listen: [{ host: '127.0.0.1', port: 0 }] },
    })
    await tracker.frontend.bind()
    await using client = await UdpClient.open(tracker.frontend.addresses()[0])
    const id = await client.connect()
    expect(errorText(await client.request(datagram(id)))).toBe(answer)
    // Later requests are unaffected.
    expect(errorText(await client.request(announce(id)))).toBe('(action 1)')
    await tracker.frontend.close()
  })

  test('a bad connection id is refused ten times a second, for any length of the datagram', async () => {
    const tracker = new TrackerUnderTest({
      options: { transport, listen: [{ host: '127.0.0.1', port: 0 }] },
    })
    await tracker.frontend.bind()
    await using client = await UdpClient.open(tracker.frontend.addresses()[0])
    for (let round = 0; round < 10; round++) {
      expect(errorText(await client.request(scrapeOf(NO_ID, 1000)))).toBe('bad connection ID')
    }
    const next = client.receive()
    await client.send(scrapeOf(NO_ID, 1000))
    await client.send(padded(header(NO_ID, 7), LONGEST))
    await client.send(connect())
    expect(errorText(await next)).toBe('(action 0)')
    await tracker.frontend.close()
  })
})

describe('injected', () => {
  test.each(REQUESTS)('%s is answered', async (_what, datagram, answer) => {
    const tracker = new TrackerUnderTest()
    expect(errorText(await tracker.send(datagram(await tracker.connect()), IPV4))).toBe(answer)
  })
})

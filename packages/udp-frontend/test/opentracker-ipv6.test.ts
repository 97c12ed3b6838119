import { describe, expect, test } from 'vitest'
import { announce, errorText, NO_ID, readAnnounceReply } from './datagrams.ts'
import { IPV4, IPV6, TrackerUnderTest } from './tracker-under-test.ts'

const ip = Buffer.alloc(16)

describe('an announce with 16 bytes for its address', () => {
  test.each([
    [IPV4, 'ipv4'],
    [IPV6, 'ipv6'],
  ] as const)(
    'is answered with its own action and peers of its family: %o',
    async (source, family) => {
      const tracker = new TrackerUnderTest({ options: { opentrackerIpv6: true } })
      const id = await tracker.connect(source)
      const other = { ...source, address: `${source.address}1` }
      await tracker.send(announce(await tracker.connect(other), { left: 0n }), other)
      const reply = await tracker.send(
        announce(id, { action: 4, ip, numWant: 5, port: 7000 }),
        source,
      )
      expect(readAnnounceReply(reply, family)).toMatchObject({
        action: 4,
        seeders: 1,
        leechers: 1,
        peers: [`${other.address}:6881`],
      })
    },
  )

  test('is malformed below 110 bytes', async () => {
    const tracker = new TrackerUnderTest({ options: { opentrackerIpv6: true } })
    const id = await tracker.connect()
    expect(errorText(await tracker.send(announce(id, { action: 4, ip }).subarray(0, 109)))).toBe(
      'malformed packet',
    )
    expect(errorText(await tracker.send(announce(id, { action: 4 })))).toBe('malformed packet')
  })

  test('with a bad connection id is refused', async () => {
    const tracker = new TrackerUnderTest({ options: { opentrackerIpv6: true } })
    expect(errorText(await tracker.send(announce(NO_ID, { action: 4, ip })))).toBe(
      'bad connection ID',
    )
  })

  test('is unknown unless the option is set', async () => {
    const tracker = new TrackerUnderTest()
    expect(
      errorText(await tracker.send(announce(await tracker.connect(), { action: 4, ip }))),
    ).toBe('unknown action ID')
  })
})

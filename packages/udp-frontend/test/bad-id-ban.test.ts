import { address } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { BadIdBan } from '../src/protection/bad-id-ban.ts'
import { announce, connect, errorText, NO_ID } from './datagrams.ts'
import { IPV4, TrackerUnderTest } from './tracker-under-test.ts'

const NOW = 1_795_255_278_000
const SOURCE = address('192.0.2.9')

function ban(seed = 1): BadIdBan {
  return new BadIdBan({ seed: Buffer.alloc(16, seed), after: 5, within: 60_000, duration: 600_000 })
}

/** Which of `count` bad ids come from a banned source. */
function strikes(of: BadIdBan, count: number, now = NOW, source = SOURCE): boolean[] {
  return Array.from({ length: count }, () => of.strike(source, now))
}

describe('the ban of sources with bad connection ids', () => {
  test('starts when the allowed number is exceeded, and lasts for its duration', () => {
    const bans = ban()
    expect(strikes(bans, 7)).toEqual([false, false, false, false, false, true, true])
    expect(bans.strike(SOURCE, NOW + 599_999)).toBe(true)
    expect(strikes(bans, 6, NOW + 600_000)).toEqual([false, false, false, false, false, true])
  })

  test('does not start for a few within the time', () => {
    const bans = ban()
    for (let minute = 0; minute < 10; minute++)
      expect(strikes(bans, 4, NOW + minute * 60_000)).not.toContain(true)
  })

  test('is for an IPv4 address or an IPv6 /64', () => {
    const bans = ban()
    strikes(bans, 5)
    expect(bans.strike(address('192.0.2.10'), NOW)).toBe(false)
    strikes(bans, 5, NOW, address('2001:db8::1'))
    expect(bans.strike(address('2001:db8::ffff:1'), NOW)).toBe(true)
    expect(bans.strike(address('2001:db8:0:1::1'), NOW)).toBe(false)
  })

  test('ends when the clock is set back', () => {
    const bans = ban()
    strikes(bans, 6)
    expect(bans.strike(SOURCE, NOW - 3_600_000)).toBe(false)
  })

  test('keeps a banned source, for any number of others', () => {
    const bans = ban()
    strikes(bans, 5)
    for (let index = 0; index < 100_000; index++)
      bans.strike(address(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`), NOW)
    expect(bans.strike(SOURCE, NOW)).toBe(true)
  })

  test('withholds only the error from a source', async () => {
    const tracker = new TrackerUnderTest({
      options: { banBadConnectionIds: { after: 3, within: '1m', for: '10m' } },
    })
    const id = await tracker.connect()
    const replies: string[] = []
    for (let round = 0; round < 5; round++) {
      tracker.now += 1000
      const reply = await tracker.send(announce(NO_ID))
      replies.push(reply ? errorText(reply) : 'silence')
    }
    expect(replies).toEqual([...Array<string>(3).fill('bad connection ID'), 'silence', 'silence'])
    expect(errorText(await tracker.send(announce(id)))).toBe('(action 1)')
    expect(await tracker.send(connect())).toHaveLength(16)
    expect(errorText(await tracker.send(announce(NO_ID), { ...IPV4, address: '192.0.2.10' }))).toBe(
      'bad connection ID',
    )
  })

  test('is off unless it is set', async () => {
    const tracker = new TrackerUnderTest()
    for (let round = 0; round < 1000; round++) {
      tracker.now += 1000
      expect(errorText(await tracker.send(announce(NO_ID)))).toBe('bad connection ID')
    }
  })
})

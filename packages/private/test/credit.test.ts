import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { credited } from '../src/accounting/credit.ts'
import { Site } from './site.ts'

/** A client of user 1 that leeches torrent 1, and then reports what it moved. */
function moved(site: Site, counters: string, second = 1800): ReturnType<Site['announce']> {
  site.announce('0 A start 0/0/9999999')
  return site.announce(`${second} A – ${counters}`)
}

test('G-23: the download of a free torrent is free', () => {
  const site = new Site()
  site.torrent(1, { leechType: 'free' })
  expect(moved(site, '500/400/9999599')).toMatchObject({ credit: '500/0', free: 'torrent' })
})

test('G-24: a neutral torrent counts in neither direction', () => {
  const site = new Site()
  site.torrent(1, { leechType: 'neutral' })
  expect(moved(site, '500/400/9999599')).toMatchObject({
    credit: '0/0',
    free: 'neutral',
    rawUp: 500,
    rawDown: 400,
  })
})

test('G-25, G-26: a token makes a torrent free until the download completes', () => {
  const site = new Site()
  site.registry.tokens.put(1, 1, 0)
  expect(moved(site, '0/400/100')).toMatchObject({ credit: '0/0', rawDown: 400, free: 'token' })
  expect(site.announce('3600 A comp 0/500/0')).toMatchObject({
    credit: '0/0',
    rawDown: 100,
    snatch: true,
    tokenUsed: true,
  })
  expect(site.announce('5400 A – 0/550/0')).toMatchObject({ credit: '0/50', tokenUsed: false })
})

test('G-27: a token is not used for a torrent that is free anyway, unless the site wants it', () => {
  const free = (tokenOnFree: boolean): unknown => {
    const site = new Site({ tokenOnFree })
    site.torrent(1, { leechType: 'free' })
    site.registry.tokens.put(1, 1, 0)
    return moved(site, '0/400/100').free
  }
  expect([free(false), free(true)]).toEqual(['torrent', 'token'])
})

test('G-28: a token ends at its time', () => {
  const credit = (second: number): string => {
    const site = new Site()
    site.registry.tokens.put(1, 1, site.at(3600))
    return moved(site, '0/400/100', second).credit
  }
  expect([credit(3599), credit(3600)]).toEqual(['0/0', '0/400'])
})

test('G-29, G-30: percents are multiplied, or the best of them counts', () => {
  const credit = (combine: 'product' | 'best'): string => {
    const site = new Site({ combine })
    site.user(1, { upPercent: 150 })
    site.torrent(1, { upPercent: 200 })
    return moved(site, '101/0/9999999').credit
  }
  expect([credit('product'), credit('best')]).toEqual(['303/0', '202/0'])
})

test('G-31: fractions of a byte are dropped', () => {
  const site = new Site()
  site.user(1, { downPercent: 50 })
  site.torrent(1, { downPercent: 50 })
  expect(moved(site, '0/3/9999996').credit).toBe('0/0')
})

test('G-32: credit is exact beyond 2⁵³', () => {
  const site = new Site()
  site.user(1, { upPercent: 150 })
  expect(moved(site, '9000000000000001/0/9999999').credit).toBe('13500000000000001/0')
})

test('G-33: a promotion of everybody holds from its first second to before its last', () => {
  const credit = (second: number): string => {
    const site = new Site()
    site.registry.promotions.put({
      name: 'weekend',
      for: 'everybody',
      from: site.at(1000),
      until: site.at(2000),
      leechType: 'free',
      upPercent: 100,
      downPercent: 100,
    })
    return moved(site, '0/400/9999599', second).credit
  }
  expect([credit(999), credit(1500), credit(2000)]).toEqual(['0/400', '0/0', '0/400'])
})

test('promotions of a user and of a torrent take the place of their own percents', () => {
  const site = new Site()
  site.user(1, { upPercent: 150 })
  const terms = { from: 0, until: 0, leechType: 'normal', downPercent: 100 } as const
  site.registry.promotions.put({ name: 'u', for: { user: 1 }, upPercent: 300, ...terms })
  site.registry.promotions.put({ name: 't', for: { torrent: 1 }, upPercent: 200, ...terms })
  expect(moved(site, '100/0/9999999').credit).toBe('600/0')
  expect(site.registry.promotions.remove('u')).toBe(true)
  expect(site.announce('3600 A – 200/0/9999999').credit).toBe('300/0')
})

test('credit is the exact quotient, rounded down', () => {
  const bytes = fc.nat(Number.MAX_SAFE_INTEGER)
  const percent = fc.nat(10_000)
  fc.assert(
    fc.property(bytes, percent, percent, percent, (raw, one, two, three) => {
      const exact = (BigInt(raw) * BigInt(one * two * three)) / 1_000_000n
      expect(BigInt(credited(raw, one * two * three, 1_000_000))).toBe(exact)
    }),
  )
})

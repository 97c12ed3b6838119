import { expect, test } from 'vitest'
import { Site, type Outcome } from './site.ts'

/** G-2: leeches for half an hour. */
function leeched(): { site: Site; last: Outcome } {
  const site = new Site()
  site.announce('0 A start 0/0/1000')
  return { site, last: site.announce('1800 A – 1800000/400/600') }
}

test('G-1: a client that starts is credited nothing, and leeches', () => {
  const site = new Site()
  const outcome = site.announce('0 A start 0/0/1000')
  expect(outcome).toMatchObject({ credit: '0/0', isNew: true, state: 'leeching', changed: true })
  expect(site.leeching()).toBe(1)
  expect(site.swarm()).toBe('0/1')
})

test('G-2: what was moved since the last announce is credited, with time and speed', () => {
  expect(leeched().last).toMatchObject({
    credit: '1800000/400',
    leechTime: 1800,
    seedTime: 0,
    upSpeed: 1000,
    downSpeed: 0,
  })
})

test('G-3, G-4: totals at first sight are nobody’s, what follows is credited', () => {
  const site = new Site()
  expect(site.announce('0 A – 9000/8000/0')).toMatchObject({
    credit: '0/0',
    isNew: true,
    state: 'seeding',
    snatch: false,
  })
  expect(site.announce('1800 A – 9500/8000/0')).toMatchObject({ credit: '500/0', seedTime: 1800 })
})

test('G-5, G-6: a completed download is a snatch, once', () => {
  const site = new Site()
  site.announce('0 A start 0/0/1000')
  expect(site.announce('600 A comp 0/1000/0')).toMatchObject({
    credit: '0/1000',
    snatch: true,
    leechTime: 600,
    seedTime: 0,
  })
  expect(site.announce('1200 A comp 0/1000/0')).toMatchObject({
    credit: '0/0',
    snatch: false,
    seedTime: 600,
  })
})

test('G-7: seeding without the event is no snatch', () => {
  const site = new Site()
  site.announce('0 A start 0/0/1000')
  expect(site.announce('1800 A – 0/1000/0')).toMatchObject({
    credit: '0/1000',
    state: 'seeding',
    snatch: false,
  })
})

test('seeding without the event is a snatch where the site counts it', () => {
  const site = new Site({ countSilentCompletion: true })
  site.announce('0 A start 0/0/1000')
  expect(site.announce('1800 A – 0/1000/0').snatch).toBe(true)
  expect(site.announce('3600 A – 0/1000/0').snatch).toBe(false)
})

test('G-8: a client that completes at first sight is a snatch without credit', () => {
  expect(new Site().announce('0 A comp 500/1000/0')).toMatchObject({ credit: '0/0', snatch: true })
})

test('G-9: a completion with bytes left is a plain announce', () => {
  const site = new Site()
  site.announce('0 A start 0/0/1000')
  expect(site.announce('600 A comp 0/900/100')).toMatchObject({
    credit: '0/900',
    state: 'leeching',
    snatch: false,
  })
})

test('G-10, G-11: who stops is credited and gives the slot back, once', () => {
  const site = new Site()
  site.announce('0 A start 0/0/1000')
  expect(site.announce('1800 A stop 300/400/600')).toMatchObject({
    credit: '300/400',
    state: 'stopped',
    leechTime: 1800,
  })
  expect(site.leeching()).toBe(0)
  expect(site.swarm()).toBe('0/0')
  expect(site.announce('1801 A stop 300/400/600').changed).toBe(false)
  expect(site.leeching()).toBe(0)
})

test('G-12: a client nobody knows may stop, which leaves no trace', () => {
  const site = new Site()
  expect(site.announce('0 A stop 5/5/5')).toMatchObject({ session: 0, changed: false })
  expect(site.sessions.table.size).toBe(0)
})

test('G-13: a client that starts anew is credited nothing for that, and goes on', () => {
  const { site } = leeched()
  expect(site.announce('3600 A start 0/0/600').credit).toBe('0/0')
  expect(site.announce('5400 A – 100/0/600').credit).toBe('100/0')
})

test('G-14: the second family of a client says started late, with full totals', () => {
  const site = new Site()
  site.announce('0 A start 0/0/0')
  site.announce('1800 A – 5000/0/0')
  const second = site.announce('1810 A start 5100/0/0', { address: '2001:db8::1' })
  expect(second).toMatchObject({ credit: '100/0', isNew: false })
  const { table } = site.sessions
  expect(table.port(second.session, 4)).toBe(6881)
  expect(table.port(second.session, 6)).toBe(6881)
  expect(site.seeding()).toBe(1)
})

test('G-15: a dual-stack client is credited once', () => {
  const site = new Site()
  const six = { address: '2001:db8::1' }
  const outcomes = [
    site.announce('0 A start 0/0/0'),
    site.announce('1 A start 0/0/0', six),
    site.announce('1800 A – 700/0/0'),
    site.announce('1801 A – 700/0/0', six),
  ]
  expect(outcomes.map(({ credit }) => credit)).toEqual(['0/0', '0/0', '700/0', '0/0'])
  expect(outcomes.reduce((sum, { seedTime }) => sum + seedTime, 0)).toBe(1801)
  expect(site.swarm()).toBe('1/0')
})

test('G-16: a late announce with smaller totals changes nothing', () => {
  const site = new Site()
  const six = { address: '2001:db8::1' }
  site.announce('0 A start 0/0/0')
  site.announce('1 A start 0/0/0', six)
  expect(site.announce('1800 A – 700/0/0').credit).toBe('700/0')
  expect(site.announce('1801 A – 690/0/0', six).credit).toBe('0/0')
  expect(site.announce('3600 A – 900/0/0').credit).toBe('200/0')
})

test('G-17: totals that shrink without a start are noted, and are the new base', () => {
  const site = new Site()
  site.announce('0 A start 0/0/0')
  site.announce('1800 A – 5000/0/0')
  expect(site.announce('3600 A – 100/0/0')).toMatchObject({
    credit: '0/0',
    flags: ['regression'],
  })
  expect(site.announce('5400 A – 250/0/0').credit).toBe('150/0')
})

test('G-18: one smaller total makes the other worthless', () => {
  const site = new Site()
  site.announce('0 A start 0/0/0')
  site.announce('1800 A – 5000/400/0')
  const outcome = site.announce('3600 A – 6000/300/0')
  expect(outcome).toMatchObject({ credit: '0/0', flags: ['regression'] })
  expect(site.sessions.table.uploaded(outcome.session)).toBe(6000)
  expect(site.sessions.table.downloaded(outcome.session)).toBe(300)
})

test('G-19: a client that moves is credited, and leaves its old endpoint', () => {
  const site = new Site()
  site.announce('0 A – 1000/0/0', { address: '192.0.2.1' })
  const moved = site.announce('1800 A – 1500/0/0', { address: '198.51.100.7' })
  expect(moved.credit).toBe('500/0')
  expect(moved.vacated).toEqual([{ address: new Uint8Array([192, 0, 2, 1]), port: 6881 }])
})

test('G-20: a dual-stack client stops with both endpoints, and is counted down once', () => {
  const site = new Site()
  const six = { address: '2001:db8::1' }
  site.announce('0 A start 0/0/0')
  site.announce('1 A start 0/0/0', six)
  const stopped = site.announce('1800 A stop 900/0/0')
  expect(stopped).toMatchObject({ credit: '900/0', state: 'stopped' })
  expect(stopped.vacated.map(({ address }) => address.length)).toEqual([4, 16])
  expect(site.announce('1801 A stop 900/0/0', six)).toMatchObject({ credit: '0/0', vacated: [] })
  expect(site.seeding()).toBe(0)
  expect(site.swarm()).toBe('0/0')
})

test('G-21: a restart under another peer id replaces the session at the endpoint', () => {
  const site = new Site()
  const where = { address: '192.0.2.1' }
  const { session } = site.announce('0 A start 0/0/0', where)
  expect(site.announce('60 B start 0/0/0', where)).toMatchObject({
    isNew: true,
    replaced: 1,
    vacated: [],
  })
  expect(site.sessions.table.state(session)).toBe('expired')
  expect(site.seeding()).toBe(1)
  expect(site.swarm()).toBe('1/0')
})

test('G-22: two users at one endpoint are credited each for itself', () => {
  const site = new Site()
  const where = { address: '192.0.2.1' }
  site.announce('0 A start 0/0/0', where)
  site.announce('0 B start 0/0/0', { ...where, user: 2 })
  expect(site.announce('1800 A – 10/0/0', where).credit).toBe('10/0')
  expect(site.announce('1800 B – 20/0/0', { ...where, user: 2 }).credit).toBe('20/0')
})

test('G-34: who may not leech is refused, without a session', () => {
  const site = new Site()
  site.user(1, { mayLeech: false })
  expect(site.announce('0 A start 0/0/1000').refusal).toBe('leeching forbidden')
  expect(site.sessions.table.size).toBe(0)
})

test('G-35, G-36: who loses the right to leech is credited, refused, and may stop', () => {
  const site = new Site()
  site.announce('0 A start 0/0/1000')
  site.user(1, { mayLeech: false })
  const refused = site.announce('1800 A – 0/400/600')
  expect(refused).toMatchObject({ credit: '0/400', refusal: 'leeching forbidden' })
  expect(refused.vacated).toHaveLength(1)
  expect(site.swarm()).toBe('0/0')
  expect(site.leeching()).toBe(0)
  expect(site.announce('1900 A stop 0/450/550')).toMatchObject({
    credit: '0/50',
    refusal: undefined,
    changed: true,
  })
})

test('G-37, G-38: a user has no more downloads than slots', () => {
  const site = new Site()
  site.user(1, { slots: 2 })
  for (const id of [2, 3]) site.torrent(id)
  site.announce('0 A start 0/0/10')
  site.announce('0 A start 0/0/10', { torrent: 2 })
  expect(site.announce('0 A start 0/0/10', { torrent: 3 }).refusal).toBe('no slot')
  site.announce('60 A comp 0/10/0')
  expect(site.announce('60 A start 0/0/10', { torrent: 3 }).refusal).toBeUndefined()
})

test('two clients on one torrent take one slot', () => {
  const site = new Site()
  site.user(1, { slots: 1 })
  site.announce('0 A start 0/0/10')
  expect(site.announce('0 B start 0/0/10').refusal).toBeUndefined()
  expect(site.leeching()).toBe(1)
  site.announce('60 A stop 0/0/10')
  expect(site.leeching()).toBe(1)
  site.announce('60 B stop 0/0/10')
  expect(site.leeching()).toBe(0)
})

test('G-39: a user without a slot may be served and hidden instead', () => {
  const site = new Site({ onSlotsFull: 'hide' })
  site.user(1, { slots: 1 })
  site.torrent(2)
  site.announce('0 A start 0/0/10')
  expect(site.announce('0 A start 0/0/10', { torrent: 2 })).toMatchObject({
    refusal: undefined,
    hidden: true,
  })
})

test('G-40: a user has so many clients on a torrent, and another when one stops', () => {
  const site = new Site()
  for (const peer of ['A', 'B', 'C']) site.announce(`0 ${peer} start 0/0/10`)
  expect(site.announce('1 D start 0/0/10').refusal).toBe('too many clients')
  site.announce('2 A stop 0/0/10')
  expect(site.announce('3 D start 0/0/10').refusal).toBeUndefined()
})

test('G-42: two clients that seed at the same time seed once', () => {
  const site = new Site()
  site.announce('0 A start 0/0/0')
  site.announce('900 B start 0/0/0')
  expect(site.announce('1800 A – 0/0/0').seedTime).toBe(1800)
  expect(site.announce('2700 B – 0/0/0').seedTime).toBe(900)
})

test('G-43: bytes after a long silence are credited, its time is not', () => {
  const site = new Site()
  site.announce('0 A start 0/0/0')
  expect(site.announce('10000 A – 800/0/0')).toMatchObject({ credit: '800/0', seedTime: 0 })
})

test('G-48: a passkey may change under a session', () => {
  const site = new Site()
  site.announce('0 A – 1000/0/0')
  site.user(1, { passkey: 'another-passkey-1' })
  expect(site.registry.users.findByPasskey('passkey-of-user-1')).toBe(0)
  expect(site.registry.users.findByPasskey('another-passkey-1')).not.toBe(0)
  expect(site.announce('1800 A – 1500/0/0').credit).toBe('500/0')
})

test('G-50: a clock set back costs nobody bytes, and adds no time', () => {
  const site = new Site()
  site.announce('100 A start 0/0/0')
  expect(site.announce('0 A – 500/0/0')).toMatchObject({
    credit: '500/0',
    seedTime: 0,
    upSpeed: 0,
  })
})

test('G-51: a client that does not say what is left leeches', () => {
  const site = new Site()
  site.announce('0 A start 0/0/?')
  expect(site.announce('1800 A comp 0/0/?')).toMatchObject({ state: 'leeching', snatch: false })
})

test('G-52: absurd counters are noted and not kept', () => {
  const site = new Site()
  site.announce('0 A start 0/0/0')
  expect(site.announce('1800 A – 18446744073709551615/0/0')).toMatchObject({
    credit: '0/0',
    flags: ['absurd'],
  })
  expect(site.announce('3600 A – 600/0/0').credit).toBe('600/0')
})

test('G-53: an impossible speed is noted, and withheld where the site says so', () => {
  for (const [onMaxSpeed, credit] of [
    ['flag', '1000000000000/0'],
    ['withhold', '0/0'],
  ] as const) {
    const site = new Site({ onMaxSpeed })
    site.announce('0 A start 0/0/0')
    expect(site.announce('60 A – 1000000000000/0/0')).toMatchObject({
      credit,
      rawUp: 1e12,
      flags: expect.arrayContaining(['speed']),
    })
  }
})

test('G-54: a partial seed takes no slot', () => {
  const site = new Site()
  site.user(1, { slots: 1 })
  site.torrent(2)
  expect(site.announce('0 A pause 0/500/500').state).toBe('partial')
  expect(site.announce('0 A start 0/0/10', { torrent: 2 }).refusal).toBeUndefined()
})

test('a session that falls silent expires, and is credited when it comes back', () => {
  const site = new Site()
  const { session } = site.announce('0 A start 0/0/1000')
  const ended: number[] = []
  site.accountant.expire(site.at(1859), (one) => ended.push(one))
  expect(ended).toEqual([])
  site.accountant.expire(site.at(1860), (one) => ended.push(one))
  expect(ended).toEqual([session])
  expect(site.leeching()).toBe(0)
  expect(site.announce('3000 A – 0/400/600')).toMatchObject({
    credit: '0/400',
    leechTime: 0,
    state: 'leeching',
  })
  expect(site.leeching()).toBe(1)
})

test('active sessions are never dropped for new ones, inactive ones are', () => {
  const site = new Site({ maxSessions: 2 })
  site.announce('0 A start 0/0/0')
  site.announce('0 B start 0/0/0')
  expect(site.announce('1 C start 0/0/0')).toMatchObject({ session: 0, refusal: undefined })
  site.announce('2 A stop 0/0/0')
  expect(site.announce('3 C start 0/0/0').session).not.toBe(0)
  expect(site.sessions.table.size).toBe(2)
})

test('sessions that a user has ended are remembered within bounds', () => {
  const site = new Site()
  for (let index = 0; index < 100; index++) {
    const peer = `p${index}`
    site.announce(`${index} ${peer} start 0/0/10`, { port: 1000 + index })
    site.announce(`${index} ${peer} stop 0/0/10`)
  }
  expect(site.sessions.table.size).toBeLessThanOrEqual(16)
  expect(site.swarm()).toBe('0/0')
})

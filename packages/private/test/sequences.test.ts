import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Site } from './site.ts'

/** What a client does next. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ move: fc.nat(1e9), after: fc.integer({ min: 0, max: 4000 }) }),
  },
  { weight: 2, arbitrary: fc.constant('over the other family' as const) },
  { weight: 1, arbitrary: fc.constant('a late datagram' as const) },
  { weight: 1, arbitrary: fc.constant('stop' as const) },
  { weight: 1, arbitrary: fc.constant('a new run' as const) },
)

test('G-58: whatever a client does, it is credited what it moved since it was first seen', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
      const site = new Site()
      const six = { address: '2001:db8::1' }
      let now = 0
      let total = 0
      let former = 0
      let moved = 0
      let credited = 0
      let counted = 0
      const say = (event: string, uploaded: number, where = {}): void => {
        const { rawUp, credit } = site.announce(`${now} A ${event} ${uploaded}/0/0`, where)
        credited += Number(credit.split('/')[0])
        counted += rawUp
      }
      say('start', 0)
      for (const one of steps) {
        if (typeof one === 'object') {
          now += one.after
          former = total
          total += one.move
          moved += one.move
          say('–', total)
        } else if (one === 'over the other family') say('–', total, six)
        else if (one === 'a late datagram') say('–', former, six)
        else if (one === 'stop') {
          say('stop', total)
          say('stop', total, six)
          say('start', total)
        } else {
          now += 3600
          former = total = 0
          say('start', 0)
        }
        expect(site.seeding()).toBe(1)
        expect(site.swarm()).toBe('1/0')
      }
      expect(counted).toBe(moved)
      expect(credited).toBe(moved)
    }),
    { numRuns: 300 },
  )
})

test('slots and counts are those of the active sessions, whatever members do', () => {
  const act = fc.record({
    peer: fc.constantFrom('A', 'B', 'C', 'D'),
    user: fc.constantFrom(1, 2),
    torrent: fc.constantFrom(1, 2, 3),
    event: fc.constantFrom('start', '–', 'comp', 'stop', 'pause'),
    left: fc.constantFrom('0', '5', '?'),
    after: fc.nat(1500),
    port: fc.constantFrom(1000, 2000),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80, size: 'max' }), (acts) => {
      const site = new Site()
      site.user(1, { slots: 2 })
      for (const id of [2, 3]) site.torrent(id)
      let now = 0
      for (const { peer, user, torrent, event, left, after, port } of acts) {
        now += after
        site.accountant.expire(site.at(now), () => undefined)
        site.announce(`${now} ${peer} ${event} 0/0/${left}`, { user, torrent, port })
        check(site)
      }
    }),
  )
})

/** Counts everything anew, the slow way. */
function check(site: Site): void {
  const { table } = site.sessions
  const { users, torrents } = site.registry
  for (const user of [1, 2]) {
    const states = new Map<number, Set<string>>()
    for (let one = users.firstSession(users.find(user)); one !== 0; one = table.nextOfUser(one)) {
      const of = states.get(table.torrent(one)) ?? new Set()
      states.set(table.torrent(one), of.add(table.state(one)))
    }
    const count = (state: string): number =>
      [...states.values()].filter((of) => of.has(state)).length
    expect([site.leeching(user), site.seeding(user)]).toEqual([count('leeching'), count('seeding')])
    if (user === 1) expect(site.leeching(user)).toBeLessThanOrEqual(2)
  }
  for (const torrent of [1, 2, 3]) {
    const counts = { seeding: 0, others: 0 }
    const first = torrents.firstSession(torrents.find(torrent))
    for (let one = first; one !== 0; one = table.nextOfTorrent(one)) {
      const state = table.state(one)
      if (state === 'seeding') counts.seeding++
      else if (state === 'leeching' || state === 'partial') counts.others++
    }
    expect(site.swarm(torrent)).toBe(`${counts.seeding}/${counts.others}`)
  }
}

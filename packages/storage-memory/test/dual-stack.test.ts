import type { Address } from '@chihaya/bittorrent'
import type { Announce, Transition } from '@chihaya/core'
import {
  address,
  announceTo,
  changedAnnounce,
  endpoints,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '@chihaya/core/testing'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const LIFETIME = 60_000
const KEY = 0x1234_abcd
const v4 = address('8.8.8.8')
const v6 = address('2600::8')
const over4 = sampleAnnounce({ address: v4, key: KEY })
const over6 = sampleAnnounce({ address: v6, key: KEY })

function unified(): { store: MemoryPeerStore; pass: (seconds: number) => void } {
  let clock = 0
  const store = new MemoryPeerStore({ families: 'unified', peerLifetime: LIFETIME }, () => clock)
  const pass = (seconds: number): void => {
    clock += seconds * 1000
    while (!store.expire(1));
  }
  return { store, pass }
}

describe('a client that announces over both families', () => {
  test('counts once, and is given at both its addresses', () => {
    const { store } = unified()
    expect(announceTo(store, changedAnnounce(over4, { transition: 'seeder' }))).toMatchObject({
      complete: 1,
      incomplete: 0,
    })
    expect(announceTo(store, changedAnnounce(over6, { transition: 'seeder' }))).toMatchObject({
      complete: 1,
      incomplete: 0,
    })
    expect(store.stats()).toEqual({
      swarms: 1,
      seeders: { ipv4: 1, ipv6: 0 },
      leechers: { ipv4: 0, ipv6: 0 },
    })
    const view = announceTo(
      store,
      sampleAnnounce({ address: address('9.9.9.9'), port: 7000, peerId: samplePeerId(2) }),
    )
    expect([endpoints(view.peers), view.otherPeers && endpoints(view.otherPeers)]).toEqual([
      ['8.8.8.8:6881'],
      ['2600::8:6881'],
    ])
  })

  test('counts one download, whichever address completes first', () => {
    for (const [first, second] of [
      [over4, over6],
      [over6, over4],
    ] as const) {
      const { store } = unified()
      announceTo(store, over4)
      announceTo(store, over6)
      expect(
        announceTo(store, changedAnnounce(first, { transition: 'completed' })).downloaded,
      ).toBe(1)
      expect(
        announceTo(store, changedAnnounce(second, { transition: 'completed' })).downloaded,
      ).toBe(1)
      expect(scrapeFrom(store, [sampleInfoHash(1)], 'ipv4')[0]).toMatchObject({
        complete: 1,
        incomplete: 0,
      })
    }
  })

  test('is counted at the other address once the counted one has left, expired or been evicted', async () => {
    const ways: Array<(store: MemoryPeerStore, pass: (seconds: number) => void) => unknown> = [
      (store) => announceTo(store, changedAnnounce(over4, { transition: 'stopped' })),
      (store, pass) => {
        pass(40)
        announceTo(store, over6)
        pass(40)
      },
      (store) => store.evict({ address: (refused) => refused.length === 4 }),
    ]
    for (const leave of ways) {
      const { store, pass } = unified()
      announceTo(store, over4)
      announceTo(store, over6)
      await leave(store, pass)
      expect(announceTo(store, over6).incomplete).toBe(1)
      expect(store.stats().leechers).toEqual({ ipv4: 0, ipv6: 1 })
      expect(announceTo(store, over4).incomplete).toBe(1)
    }
  })

  test('counts as two clients, but one download, in a store with separate families', () => {
    const store = new MemoryPeerStore()
    for (const announce of [over4, over6]) {
      expect(
        announceTo(store, changedAnnounce(announce, { transition: 'completed' })),
      ).toMatchObject({
        complete: 1,
        downloaded: 1,
      })
    }
  })

  test('is identified by peer id and key together', () => {
    const { store } = unified()
    announceTo(store, over4)
    for (const other of [
      { key: KEY + 1 },
      { peerId: samplePeerId(2) },
      { key: 0 },
      { key: undefined },
    ]) {
      expect(announceTo(store, changedAnnounce(over6, { ...other })).incomplete).toBe(2)
    }
  })

  test('takes room like any other peer', async () => {
    const store = new MemoryPeerStore({ families: 'unified', maxPeersPerSwarm: 100 })
    announceTo(store, over4)
    for (let host = 1; host <= 1000; host++)
      announceTo(
        store,
        changedAnnounce(over6, { address: address(`2600::1:${host.toString(16)}`) }),
      )
    const evicted = await store.evict({ address: (refused) => refused.length === 16 })
    expect([evicted, store.stats().leechers]).toEqual([99, { ipv4: 1, ipv6: 0 }])
  })
})

type Family = 'ipv4' | 'ipv6'

/** The last of these clients sends no key, so it is two. */
const CLIENTS = 4
const KEYLESS = CLIENTS - 1

function endpointOf(client: number, family: Family): Address {
  return family === 'ipv4'
    ? Uint8Array.of(8, 8, 8, client)
    : Uint8Array.of(0x26, ...Array<number>(14).fill(0), client)
}

/** A store, and the endpoints that are there by the rules. */
class Clients {
  clock = 0
  readonly #live = new Map<string, { client: number; family: Family; seen: number }>()
  readonly store = new MemoryPeerStore(
    { families: 'unified', peerLifetime: LIFETIME },
    () => this.clock,
  )

  announce(client: number, family: Family, transition: Transition, claims = false): void {
    const other = family === 'ipv4' ? 'ipv6' : 'ipv4'
    const announce: Announce = sampleAnnounce({
      address: endpointOf(client, family),
      otherAddress: claims ? endpointOf(client, other) : undefined,
      key: client === KEYLESS ? 0 : client + 1,
      peerId: samplePeerId(1),
      transition,
    })
    announceTo(this.store, announce)
    for (const announced of claims ? ([family, other] as const) : ([family] as const)) {
      if (transition === 'stopped') this.#live.delete(client + announced)
      else if (transition !== 'unchanged')
        this.#live.set(client + announced, { client, family: announced, seen: this.clock })
    }
  }

  pass(seconds: number): void {
    this.clock += seconds * 1000
    while (!this.store.expire(1));
    for (const [name, { seen }] of this.#live)
      if (seen + LIFETIME < this.clock) this.#live.delete(name)
  }

  async evict(client: number, family: Family): Promise<void> {
    const refused = endpointOf(client, family).join('.')
    await this.store.evict({ address: (bytes) => bytes.join('.') === refused })
    this.#live.delete(client + family)
  }

  /** Clients that are there. */
  get #present(): number {
    const live = [...this.#live.values()]
    const keyed = new Set(
      live.filter(({ client }) => client !== KEYLESS).map(({ client }) => client),
    )
    return keyed.size + live.filter(({ client }) => client === KEYLESS).length
  }

  #counted(): number {
    const { seeders, leechers } = this.store.stats()
    const totals = [seeders.ipv4, seeders.ipv6, leechers.ipv4, leechers.ipv6]
    expect(Math.min(...totals)).toBeGreaterThanOrEqual(0)
    const [scraped] = scrapeFrom(this.store, [sampleInfoHash(1)], 'ipv4')
    expect([scraped?.complete, scraped?.incomplete]).toEqual([
      seeders.ipv4 + seeders.ipv6,
      leechers.ipv4 + leechers.ipv6,
    ])
    expect(scraped?.downloaders).toBeLessThanOrEqual(scraped?.incomplete ?? 0)
    return totals.reduce((sum, total) => sum + total, 0)
  }

  check(): void {
    expect(this.#counted()).toBeLessThanOrEqual(this.#present)
    expect(this.store.stats().swarms).toBe(this.#live.size > 0 ? 1 : 0)
  }

  /** All who are there announce once more. */
  settle(): void {
    for (const { client, family } of this.#live.values()) this.announce(client, family, 'leecher')
    expect(this.#counted()).toBe(this.#present)
  }
}

test('counters are right for any order of announces', async () => {
  const client = fc.nat(CLIENTS - 1)
  const family = fc.constantFrom<Family>('ipv4', 'ipv6')
  const transition = fc.constantFrom<Transition>(
    'leecher',
    'partial',
    'seeder',
    'completed',
    'stopped',
    'unchanged',
  )
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(
        fc.constant('announce' as const),
        client,
        family,
        transition,
        fc.boolean(),
      ),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constant('pass' as const), fc.integer({ min: 1, max: 45 })),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('evict' as const), client, family) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('settle' as const)) },
  )
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
    async (steps) => {
      const clients = new Clients()
      for (const [what, ...args] of steps) {
        if (what === 'announce') {
          const [who, from, becomes, claims] = args as [number, Family, Transition, boolean]
          clients.announce(who, from, becomes, claims && who !== KEYLESS)
        } else if (what === 'pass') clients.pass(args[0] as number)
        else if (what === 'evict') await clients.evict(args[0] as number, args[1] as Family)
        else clients.settle()
        clients.check()
      }
      clients.settle()
    },
  )
  await fc.assert(property, { numRuns: 300 })
})

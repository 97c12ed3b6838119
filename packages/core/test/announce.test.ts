import { ClientError, compactPeer } from '@chihaya/bittorrent'
import { ScrapeAnswer, type Answer, type PeerStore } from '@chihaya/core'
import {
  address,
  announceTo,
  endpoints,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  sampleScrape,
  scrapeFrom,
} from '@chihaya/core/testing'
import { describe, expect, test, vi } from 'vitest'
import { asyncStore } from './async-store.ts'
import { modelStore, nextTurns, setUpTracker, storeWith } from './setup.ts'

const stores: Array<[kind: string, create: () => PeerStore]> = [
  ['synchronous', modelStore],
  ['asynchronous', () => asyncStore(modelStore())],
]

describe.each(stores)('an announce, with %s storage,', (_kind, createStore) => {
  test('is answered with the swarm as it is afterwards', async () => {
    const { tracker } = setUpTracker({}, createStore())
    await announceTo(
      tracker,
      sampleAnnounce({ port: 1001, peerId: samplePeerId(1001), event: 'completed' }),
    )
    await announceTo(
      tracker,
      sampleAnnounce({ port: 1002, peerId: samplePeerId(1002), event: 'paused' }),
    )
    const response = await announceTo(
      tracker,
      sampleAnnounce({ port: 1003, peerId: samplePeerId(1003), event: 'started' }),
    )
    expect(response).toMatchObject({
      complete: 1,
      incomplete: 2,
      downloaded: 1,
      otherPeers: undefined,
      warning: undefined,
    })
    expect(endpoints(response.peers)).toEqual(['10.0.0.1:1001', '10.0.0.1:1002'])
  })

  test('that stops is answered in full, without peers', async () => {
    const { tracker } = setUpTracker({}, createStore())
    await announceTo(tracker, sampleAnnounce({ port: 1001 }))
    await announceTo(tracker, sampleAnnounce())
    const response = await announceTo(tracker, sampleAnnounce({ event: 'stopped' }))
    expect(response).toMatchObject({ interval: 1800, minInterval: 900, complete: 0, incomplete: 1 })
    expect(endpoints(response.peers)).toEqual([])
  })

  test.each([
    ['at once', () => undefined],
    ['later', async () => undefined],
  ])(
    'that stops is never refused, and learns nothing of the swarm, when a hook refuses %s',
    async (_when, wait) => {
      const { tracker, store, log } = setUpTracker({}, createStore())
      let refusal: Error | undefined
      tracker.addHook('preAnnounce', (): void | Promise<void> => {
        const waiting = wait()
        if (waiting) return waiting.then(() => Promise.reject(refusal ?? new Error('none')))
        if (refusal) throw refusal
      })
      const postHook = vi.fn<() => void>()
      tracker.addHook('postAnnounce', postHook)
      for (const port of [1001, 1002])
        await announceTo(store, sampleAnnounce({ port, peerId: samplePeerId(port) }))
      refusal = new ClientError('unapproved client')
      await expect(async () => announceTo(tracker, sampleAnnounce({ port: 1003 }))).rejects.toThrow(
        'unapproved client',
      )
      const response = await announceTo(tracker, sampleAnnounce({ port: 1001, event: 'stopped' }))
      expect(response).toMatchObject({ interval: 1800, complete: 0, incomplete: 0 })
      expect(await store.stats()).toMatchObject({ leechers: { ipv4: 1 } })
      refusal = new Error('the database is away')
      await announceTo(tracker, sampleAnnounce({ port: 1002, event: 'stopped' }))
      expect(await store.stats()).toMatchObject({ swarms: 0 })
      expect(log.errors).toEqual([
        { details: { err: refusal }, message: 'a hook failed for a client that stops' },
      ])
      await nextTurns()
      expect(postHook).not.toHaveBeenCalled()
    },
  )

  test('that stops at an address that is rejected is not refused', async () => {
    const { tracker, store } = setUpTracker({ rejectPrivatePeers: true }, createStore())
    await announceTo(store, sampleAnnounce())
    await announceTo(tracker, sampleAnnounce({ event: 'stopped' }))
    expect(await store.stats()).toMatchObject({ swarms: 0 })
  })

  test('passes the hooks before the store, which may change its answer', async () => {
    const { tracker, store } = setUpTracker({}, createStore())
    tracker.addHook('preAnnounce', async (_request, response) => {
      expect((await store.stats()).swarms).toBe(0)
      response.interval += 60
      response.warning = 'freeleech ends today'
      response.complete = 99
    })
    expect(await announceTo(tracker, sampleAnnounce())).toMatchObject({
      interval: 1860,
      warning: 'freeleech ends today',
      complete: 0,
      incomplete: 1,
    })
  })

  test('skips the store when a hook says so, and is answered as hooks leave it', async () => {
    const { tracker, store } = setUpTracker({}, createStore())
    tracker.addHook('preAnnounce', (_announce, answer, context) => {
      context.skipSwarmInteraction = true
      answer.complete = 7
      answer.peers.add(address('10.0.0.9'), 999)
    })
    const answer = await announceTo(tracker, sampleAnnounce())
    expect([answer.complete, answer.incomplete, endpoints(answer.peers)]).toEqual([
      7,
      0,
      ['10.0.0.9:999'],
    ])
    expect(await store.stats()).toMatchObject({ swarms: 0 })
  })

  test('reaches the store, but not the answer, when a hook says so', async () => {
    const { tracker, store } = setUpTracker({}, createStore())
    tracker.addHook('preAnnounce', (_request, response, context) => {
      context.skipResponse = true
      response.incomplete = 7
    })
    const response = await announceTo(tracker, sampleAnnounce())
    expect([response.incomplete, endpoints(response.peers)]).toEqual([7, []])
    expect((await scrapeFrom(store, [sampleInfoHash(1)], 'ipv4'))[0]?.incomplete).toBe(1)
  })

  test('is answered in its own family', async () => {
    const { tracker } = setUpTracker({ returnSelfWhenAlone: false }, createStore())
    await announceTo(tracker, sampleAnnounce())
    const response = await announceTo(tracker, sampleAnnounce({ address: address('2001:db8::1') }))
    expect([response.incomplete, response.peers.family, response.peers.count]).toEqual([
      1,
      'ipv6',
      0,
    ])
  })

  test('gives a seeder leechers, or everyone where that is wanted', async () => {
    for (const [seedersReceive, expected] of [
      ['leechers', ['10.0.0.1:1002']],
      ['all', ['10.0.0.1:1001', '10.0.0.1:1002']],
    ] as const) {
      const { tracker } = setUpTracker({ seedersReceive }, createStore())
      await announceTo(
        tracker,
        sampleAnnounce({ port: 1001, peerId: samplePeerId(1001), left: 0n, seeding: true }),
      )
      await announceTo(tracker, sampleAnnounce({ port: 1002, peerId: samplePeerId(1002) }))
      const response = await announceTo(tracker, sampleAnnounce({ left: 0n, seeding: true }))
      expect(endpoints(response.peers)).toEqual(expected)
    }
  })

  test('gives a public peer no private ones, unless that is wanted', async () => {
    for (const [withholdPrivatePeers, expected] of [
      [true, ['9.9.9.9:6881']],
      [false, ['10.0.0.1:6881', '127.0.0.1:6881', '9.9.9.9:6881']],
    ] as const) {
      const { tracker } = setUpTracker({ withholdPrivatePeers }, createStore())
      for (const text of ['10.0.0.1', '127.0.0.1', '9.9.9.9'])
        await announceTo(tracker, sampleAnnounce({ address: address(text) }))
      const response = await announceTo(tracker, sampleAnnounce({ address: address('8.8.8.8') }))
      expect(response.incomplete).toBe(4)
      expect(endpoints(response.peers)).toEqual(expected)
    }
  })

  test.each([
    ['refusal', new ClientError('the tracker is full')],
    ['fault', new Error('connection lost')],
  ])('fails with the store, at once or later: a %s', async (_error, failure) => {
    const fail = (): never => {
      throw failure
    }
    const store = createStore()
    for (const announce of [fail, async () => fail()]) {
      const { tracker } = setUpTracker({}, storeWith({ announce }, store))
      let reported = 0
      tracker.addHook('postAnnounce', () => void reported++)
      await expect((async () => announceTo(tracker, sampleAnnounce()))()).rejects.toBe(failure)
      await tracker.drain()
      expect(reported).toBe(0)
    }
  })
})

describe('announces of private peers', () => {
  const refused = [
    '10.0.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '0.0.0.0',
    '::1',
    'fd00::1',
    'fe80::1',
  ]

  test.each(refused)('are refused from %s where that is wanted, before any hook', async (text) => {
    const { tracker, store } = setUpTracker({ rejectPrivatePeers: true })
    tracker.addHook('preAnnounce', () => {
      throw new Error('not reached')
    })
    expect(() => announceTo(tracker, sampleAnnounce({ address: address(text) }))).toThrow(
      new ClientError('invalid IP'),
    )
    expect((await store.stats()).swarms).toBe(0)
  })

  test('are welcome otherwise, and public ones always', async () => {
    for (const text of refused) {
      expect(
        await announceTo(setUpTracker().tracker, sampleAnnounce({ address: address(text) })),
      ).toMatchObject({
        incomplete: 1,
      })
    }
    const { tracker } = setUpTracker({ rejectPrivatePeers: true })
    for (const text of ['8.8.8.8', '2606:4700::1111']) {
      expect(await announceTo(tracker, sampleAnnounce({ address: address(text) }))).toMatchObject({
        incomplete: 1,
      })
    }
  })
})

describe('the intervals', () => {
  async function intervals(response: Answer | Promise<Answer>): Promise<[number, number]> {
    const { interval, minInterval } = await response
    return [interval, minInterval]
  }

  test.each([
    [{}, 1800, 900],
    [{ announceInterval: '10m' }, 600, 600],
    [{ announceInterval: '1h', minAnnounceInterval: '0' }, 3600, 0],
    [{ announceInterval: 90_400, minAnnounceInterval: '1m30.6s' }, 90, 90],
    [{ announceInterval: '500ms', minAnnounceInterval: 1 }, 1, 0],
  ])(
    'for %o are %d and %d whole seconds, the minimum never above the interval',
    async (options, interval, minInterval) => {
      const { tracker } = setUpTracker(options)
      expect(await intervals(announceTo(tracker, sampleAnnounce()))).toEqual([
        interval,
        minInterval,
      ])
      const scraped = new ScrapeAnswer()
      await tracker.scrape(sampleScrape(), scraped)
      expect(scraped.minInterval).toBe(minInterval)
    },
  )

  test.each([
    [30, 900, 30, 30],
    [60, 4000, 60, 60],
    [4000, 3000, 4000, 3000],
  ])(
    'set by a hook to %d and %d are sent as %d and %d',
    async (interval, minInterval, sent, sentMin) => {
      const { tracker } = setUpTracker()
      tracker.addHook(
        'preAnnounce',
        (_announce, answer) => void Object.assign(answer, { interval, minInterval }),
      )
      expect(await intervals(announceTo(tracker, sampleAnnounce()))).toEqual([sent, sentMin])
      tracker.addHook(
        'preAnnounce',
        (_request, _response, context) => void (context.skipSwarmInteraction = true),
      )
      expect(await intervals(announceTo(tracker, sampleAnnounce()))).toEqual([sent, sentMin])
    },
  )

  test.each(['0', 0, '499ms', '1000000h'])('cannot be %s', (announceInterval) => {
    expect(() => setUpTracker({ announceInterval })).toThrow(
      expect.objectContaining({
        code: 'TRK_ERR_OPTIONS',
        message: expect.stringContaining(
          'options/announceInterval must be from 1 to 2147483647 seconds',
        ) as string,
      }),
    )
  })
})

describe('a peer in an answer', () => {
  test('is six bytes, or eighteen', async () => {
    const { tracker } = setUpTracker()
    const first = await announceTo(tracker, sampleAnnounce())
    expect(first.peers.endpoints).toEqual(compactPeer(address('10.0.0.1'), 6881))
    const second = await announceTo(tracker, sampleAnnounce({ address: address('2001:db8::7') }))
    expect(second.peers.endpoints).toEqual(compactPeer(address('2001:db8::7'), 6881))
  })
})

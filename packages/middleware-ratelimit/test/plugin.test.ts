import { bdecode } from '@chihaya/bittorrent'
import { sampleInfoHash, samplePeerId } from '@chihaya/core/testing'
import { TrackerFailure, type ClientAnnounce, type TrackerClient } from '@chihaya/client'
import { ANNOUNCE, TestTracker, type Protocol } from '@internal/test-tracker'
import Fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { rateLimit, type RateLimitOptions } from '@chihaya/middleware-ratelimit'

const PROTOCOLS: Protocol[] = ['http', 'udp']
/** Both are the loopback's. */
const ONE = { localAddress: '127.0.0.1' }
const TWO = { localAddress: '127.0.0.2' }
const MINUTE = 60_000

function trackerWith(options: RateLimitOptions): Promise<TestTracker> {
  return TestTracker.start({ register: (app) => void app.register(rateLimit, options) })
}

/** How often an action is answered, of many attempts: all else must be refused with this text. */
async function answered(
  times: number,
  refusal: string,
  ask: (index: number) => Promise<unknown>,
): Promise<number> {
  let count = 0
  for (let index = 0; index < times; index++) {
    try {
      // oxlint-disable-next-line no-await-in-loop
      await ask(index)
      count++
    } catch (error) {
      expect(error).toEqual(new TrackerFailure(refusal))
    }
  }
  return count
}

function announces(
  client: TrackerClient,
  times: number,
  changes: Partial<ClientAnnounce> = {},
): Promise<number> {
  return answered(times, 'too many announces', () => client.announce({ ...ANNOUNCE, ...changes }))
}

function scrapes(client: TrackerClient, times: number): Promise<number> {
  return answered(times, 'too many scrapes', () => client.scrape([ANNOUNCE.infoHash]))
}

// The clock of the limits, which only tests advance.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_790_000_000_000 })
})

afterEach(() => {
  vi.useRealTimers()
})

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test('a source has its burst of announces, and then its rate', async () => {
    await using tracker = await trackerWith({ announcesPerMinute: 2, announceBurst: 5 })
    const client = tracker.client(protocol, ONE)
    expect(await announces(client, 8)).toBe(5)
    vi.advanceTimersByTime(MINUTE)
    expect(await announces(client, 8)).toBe(2)
    // The burst is there again.
    vi.advanceTimersByTime(MINUTE)
    vi.advanceTimersByTime(MINUTE)
    vi.advanceTimersByTime(MINUTE)
    expect(await announces(tracker.client(protocol, ONE), 8)).toBe(5)
  })

  test('scrapes have a separate limit, and announces none unless it is asked for', async () => {
    await using tracker = await trackerWith({ scrapesPerMinute: 3 })
    const client = tracker.client(protocol, ONE)
    expect(await scrapes(client, 6)).toBe(3)
    expect(await announces(client, 20)).toBe(20)
    expect(await scrapes(client, 2)).toBe(0)
  })

  test('one source does not affect another', async () => {
    await using tracker = await trackerWith({ announcesPerMinute: 3, scrapesPerMinute: 3 })
    const [one, two] = [tracker.client(protocol, ONE), tracker.client(protocol, TWO)]
    expect([await announces(one, 6), await scrapes(one, 6)]).toEqual([3, 3])
    expect([await announces(two, 2), await scrapes(two, 2)]).toEqual([2, 2])
    const six = tracker.client(`${protocol}6` as Protocol)
    expect([await announces(six, 6), await scrapes(six, 6)]).toEqual([3, 3])
  })

  test('completed and stopped are never limited', async () => {
    await using tracker = await trackerWith({ announcesPerMinute: 1 })
    const client = tracker.client(protocol, ONE)
    expect(await announces(client, 3)).toBe(1)
    expect(await client.announce({ ...ANNOUNCE, event: 'completed', left: 0n })).toMatchObject({
      complete: 1,
    })
    expect(await client.announce({ ...ANNOUNCE, event: 'stopped' })).toMatchObject({
      complete: 0,
      incomplete: 0,
    })
    expect(await tracker.app.peerStore.stats()).toMatchObject({ swarms: 0 })
    expect(await announces(client, 3, { event: 'started' })).toBe(0)
  })

  test('some networks may be exempt', async () => {
    await using tracker = await trackerWith({
      announcesPerMinute: 1,
      scrapesPerMinute: 1,
      except: ['127.0.0.2/31', '::1'],
    })
    for (const client of [
      tracker.client(protocol, TWO),
      tracker.client(`${protocol}6` as Protocol),
    ]) {
      // oxlint-disable-next-line no-await-in-loop
      expect([await announces(client, 5), await scrapes(client, 5)]).toEqual([5, 5])
    }
    const client = tracker.client(protocol, ONE)
    expect([await announces(client, 5), await scrapes(client, 5)]).toEqual([1, 1])
  })

  test('1,000 scrapes a second of one source do not keep another from announcing', async () => {
    await using tracker = await trackerWith({ scrapesPerMinute: 600, announcesPerMinute: 600 })
    const torrents = Array.from({ length: 20 }, (_, index) => sampleInfoHash(index))
    let asked = 0
    const scrape = vi.spyOn(tracker.app.peerStore, 'scrape')
    const crawlers = Array.from({ length: 10 }, () => tracker.client(protocol, TWO))
    const crawl = async (client: TrackerClient): Promise<number> =>
      answered(100, 'too many scrapes', () => {
        asked++
        return client.scrape(torrents)
      })
    const announcer = tracker.client(protocol, ONE)
    const announcing = answered(50, 'none', (index) =>
      announcer.announce({ ...ANNOUNCE, port: 7000 + index, peerId: samplePeerId(index) }),
    )
    const crawled = await Promise.all(crawlers.map(crawl))
    expect(await announcing).toBe(50)
    expect([asked, crawled.reduce((sum, count) => sum + count)]).toEqual([1000, 600])
    expect(scrape.mock.calls.length).toBeLessThanOrEqual(600)
    expect(await scrapes(announcer, 5)).toBe(5)
  })
})

test('a refusal over HTTP says when the burst is there again', async () => {
  await using tracker = await trackerWith({
    announcesPerMinute: 10,
    announceBurst: 25,
    scrapesPerMinute: 1,
  })
  const failure = async (path: string): Promise<unknown> => {
    const response = await fetch(tracker.url('http', path))
    return Object.fromEntries(
      (bdecode(new Uint8Array(await response.arrayBuffer())) as Map<string, unknown>).entries(),
    )
  }
  const client = tracker.client('http')
  await announces(client, 25)
  await scrapes(client, 1)
  const hash = '%61'.repeat(20)
  const announce = `/announce?info_hash=${hash}&peer_id=${hash}&port=6881&left=1`
  expect(await failure(announce)).toEqual({ 'failure reason': 'too many announces', 'retry in': 3 })
  expect(await failure(`/scrape?info_hash=${hash}`)).toEqual({
    'failure reason': 'too many scrapes',
    'retry in': 1,
  })
})

test('an absent limit costs nothing: the tracker has no hook', async () => {
  await using tracker = await trackerWith({ except: ['127.0.0.1'] })
  expect(tracker.app.tracker.showsAnnounces).toBe(false)
  expect(tracker.app.tracker.showsScrapes).toBe(false)
})

describe('the start', () => {
  test.each<[RateLimitOptions, string]>([
    [{ announcesPerMinute: 0 }, 'options/announcesPerMinute must be >= 1, got 0'],
    [{ announceBurst: 5 }, 'options/announceBurst needs announcesPerMinute'],
    [{ scrapeBurst: 5, announcesPerMinute: 5 }, 'options/scrapeBurst needs scrapesPerMinute'],
    [
      { except: ['localhost'] },
      'options/except/0 must be written like 192.0.2.7, 10.0.0.0/8, 2001:db8::/32, got "localhost"',
    ],
    [
      { except: ['10.0.0.0/33'] },
      'options/except: "10.0.0.0/33" is neither an address nor a CIDR range',
    ],
    [{ burst: 5 } as RateLimitOptions, 'options has no key burst'],
  ])('is refused with %j', async (options, message) => {
    await expect(trackerWith(options)).rejects.toThrow(`@chihaya/middleware-ratelimit: ${message}`)
  })

  test('needs a tracker', async () => {
    await using app = Fastify()
    await expect(async () => app.register(rateLimit)).rejects.toThrow(/'@chihaya\/core'/)
  })
})

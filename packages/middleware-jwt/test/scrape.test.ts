import { toHex, type InfoHash, type Params } from '@chihaya/bittorrent'
import { PlainScrape, ScrapeAnswer, trackerCore, type PeerStore } from '@chihaya/core'
import {
  announceTo,
  ModelPeerStore,
  sampleAnnounce,
  sampleInfoHash,
  scrapeRows,
} from '@chihaya/core/testing'
import { jwtApproval } from '@chihaya/middleware-jwt'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { KeyServer } from './key-server.ts'
import { AUDIENCE, EC, ISSUER, OTHER_TORRENT, RSA, token, TORRENT } from './tokens.ts'
import { Tracker } from './tracker.ts'

const MISSING = 'unapproved request: missing jwt'
const INVALID = 'unapproved request: invalid jwt'
const THIRD = sampleInfoHash(3)
const UNKNOWN = sampleInfoHash(4)

/** Leechers of each torrent, as a scrape tells. */
async function leechers(
  tracker: Tracker,
  scrapeToken: string,
  infoHashes: readonly InfoHash[],
): Promise<number[]> {
  return (await tracker.scrape('http', scrapeToken, infoHashes)).map(({ incomplete }) => incomplete)
}

/** A scrape over HTTP, and its answer. */
function scrapeOf(
  infoHashes: readonly InfoHash[],
  params: Params,
): { scrape: PlainScrape; answer: ScrapeAnswer } {
  return {
    scrape: new PlainScrape('http', infoHashes, new Uint8Array(4), params),
    answer: new ScrapeAnswer(),
  }
}

async function withPeers(tracker: Tracker): Promise<void> {
  for (const [index, infoHash] of [TORRENT, OTHER_TORRENT, THIRD].entries()) {
    for (let port = 2; port < 3 + index; port++)
      await announceTo(tracker.app.peerStore, sampleAnnounce({ infoHash, port }))
  }
}

describe('a scrape', () => {
  test('needs no token', async () => {
    await using tracker = await Tracker.start({ keys: RSA.pem })
    await withPeers(tracker)
    expect(await tracker.scrape('udp', undefined, [TORRENT])).toMatchObject([{ incomplete: 1 }])
    expect(await tracker.scrape('http', 'x', [OTHER_TORRENT])).toMatchObject([{ incomplete: 2 }])
  })
})

describe('a protected scrape', () => {
  test('is refused without a valid token', async () => {
    await using tracker = await Tracker.start({ keys: RSA.pem, protectScrape: true })
    await expect(tracker.scrape('http', undefined, [TORRENT])).rejects.toThrow(MISSING)
    await expect(tracker.scrape('http', 'x', [TORRENT])).rejects.toThrow(INVALID)
    await expect(tracker.scrape('http', token({}, EC), [TORRENT])).rejects.toThrow(INVALID)
    // Nothing of a URL goes along with a UDP scrape.
    await expect(tracker.scrape('udp', token(), [TORRENT])).rejects.toThrow(MISSING)
  })

  test('shows approved torrents, and zeros for all others', async () => {
    await using tracker = await Tracker.start({ keys: RSA.pem, protectScrape: true })
    await withPeers(tracker)
    const all = [THIRD, TORRENT, OTHER_TORRENT, UNKNOWN]
    expect(await leechers(tracker, token(), all)).toEqual([0, 1, 0, 0])
    const list = [
      toHex(OTHER_TORRENT).toUpperCase(),
      toHex(UNKNOWN),
      7,
      'x',
      `${toHex(THIRD)}${'0'.repeat(24)}`,
    ]
    expect(await leechers(tracker, token({ infohashes: list }), all)).toEqual([3, 1, 2, 0])
    expect(await leechers(tracker, token({ infohash: undefined, infohashes: list }), all)).toEqual([
      3, 0, 2, 0,
    ])
    expect(await leechers(tracker, token({ infohash: undefined }), all)).toEqual([0, 0, 0, 0])
    expect(await leechers(tracker, token({ infohashes: { 0: toHex(THIRD) } }), all)).toEqual([
      0, 1, 0, 0,
    ])
  })

  test('shows unapproved torrents exactly like unknown ones', async () => {
    await using tracker = await Tracker.start({ keys: RSA.pem, protectScrape: true })
    await withPeers(tracker)
    const raw = async (hash: InfoHash): Promise<string> => {
      const escaped = toHex(hash).replaceAll(/../g, '%$&')
      const response = await tracker.app.inject(
        `/scrape?jwt=${token({ infohashes: [toHex(UNKNOWN)] })}&info_hash=${escaped}`,
      )
      return response.rawPayload.toString('latin1').replace(hash, '')
    }
    expect(await raw(THIRD)).toBe(await raw(UNKNOWN))
    expect(await raw(THIRD)).not.toBe(await raw(TORRENT))
  })

  test('shows rows of an earlier hook for approved torrents', async () => {
    await using app: FastifyInstance = Fastify()
    app.decorate('peerStore', new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 }))
    await app.register(trackerCore)
    app.tracker.addHook('preScrape', ({ count }, answer, context) => {
      for (let index = 0; index < count - 1; index++) answer.set(index, 9, 9, 9, 9)
      context.skipSwarmInteraction = true
    })
    await app.register(jwtApproval, {
      issuer: ISSUER,
      audience: AUDIENCE,
      keys: RSA.pem,
      protectScrape: true,
    })
    await app.ready()
    const good = token({ infohashes: [toHex(OTHER_TORRENT)] })
    const params = { path: '/scrape', get: () => good, route: () => undefined }
    const { answer, scrape } = scrapeOf([THIRD, TORRENT, OTHER_TORRENT], params)
    await app.tracker.scrape(scrape, answer)
    expect(scrapeRows(answer).map(({ complete }) => complete)).toEqual([0, 9, 0])
  })

  test('may wait for keys and for the store', async () => {
    await using keys = await KeyServer.start(RSA)
    const model = new ModelPeerStore({ peerLifetime: 60_000, now: () => 0 })
    announceTo(model, sampleAnnounce({ infoHash: OTHER_TORRENT }))
    const store: PeerStore = {
      announce: async (announce, answer) => model.announce(announce, answer),
      scrape: async (scrape, answer) => model.scrape(scrape, answer),
      stats: () => model.stats(),
    }
    await using app: FastifyInstance = Fastify()
    app.decorate('peerStore', store)
    await app.register(trackerCore)
    await app.register(jwtApproval, {
      issuer: ISSUER,
      audience: AUDIENCE,
      jwkSetUrl: keys.url,
      protectScrape: true,
    })
    await app.ready()
    keys.serve(EC)
    const later = token({ infohashes: [toHex(OTHER_TORRENT)] }, EC)
    const params = { path: '/scrape', get: () => later, route: () => undefined }
    for (let time = 0; time < 2; time++) {
      const { answer, scrape } = scrapeOf([THIRD, OTHER_TORRENT], params)
      await app.tracker.scrape(scrape, answer)
      expect(scrapeRows(answer)).toMatchObject([{ incomplete: 0 }, { incomplete: 1 }])
    }
  })
})

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex, type InfoHash } from '@chihaya/bittorrent'
import type { PeerStore } from '@chihaya/core'
import { ModelPeerStore, sampleInfoHash } from '@chihaya/core/testing'
import { TrackerFailure } from '@chihaya/client'
import { ANNOUNCE, TestTracker, type Protocol } from '@internal/test-tracker'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { torrentApproval, type TorrentApprovalOptions } from '@chihaya/middleware-torrentapproval'

const PROTOCOLS: Protocol[] = ['http', 'udp']
const KNOWN = sampleInfoHash(1)
const OTHER = sampleInfoHash(2)
const REFUSED = new TrackerFailure('unapproved torrent')
const NOBODY = { complete: 0, incomplete: 0, downloaded: 0 }

function trackerWith(...options: TorrentApprovalOptions[]): Promise<TestTracker> {
  return TestTracker.start({
    register: (app) => {
      for (const each of options) app.register(torrentApproval, each)
    },
  })
}

/** A store that can remove peers, and outlives the trackers on it. */
function modelStore(): ModelPeerStore {
  return new ModelPeerStore({ peerLifetime: 3_600_000, now: () => Date.now() })
}

function trackerOn(store: PeerStore, options: TorrentApprovalOptions): Promise<TestTracker> {
  return TestTracker.start({
    store,
    register: (app) => void app.register(torrentApproval, options),
  })
}

async function listFile(...infoHashes: InfoHash[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chihaya-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(
    join(folder, 'torrents'),
    infoHashes.map((infoHash) => `${toHex(infoHash)}\n`).join(''),
  )
  return join(folder, 'torrents')
}

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test('a whitelist approves its entries', async () => {
    await using tracker = await trackerWith({ whitelist: [toHex(KNOWN)] })
    const client = tracker.client(protocol)
    expect(await client.announce({ ...ANNOUNCE, infoHash: KNOWN })).toMatchObject({ incomplete: 1 })
    await expect(client.announce({ ...ANNOUNCE, infoHash: OTHER })).rejects.toThrow(REFUSED)
    expect(await tracker.app.peerStore.stats()).toMatchObject({ swarms: 1 })
  })

  test('a blacklist refuses its entries', async () => {
    await using tracker = await trackerWith({ blacklist: [toHex(KNOWN)] })
    const client = tracker.client(protocol)
    await expect(client.announce({ ...ANNOUNCE, infoHash: KNOWN })).rejects.toThrow(REFUSED)
    expect(await client.announce({ ...ANNOUNCE, infoHash: OTHER })).toMatchObject({ incomplete: 1 })
  })

  test('peers of a torrent that is refused can leave it', async () => {
    await using tracker = await trackerWith({})
    const client = tracker.client(protocol)
    for (const port of [7000, 7001]) await client.announce({ ...ANNOUNCE, infoHash: KNOWN, port })
    tracker.app.torrentApproval.deny(KNOWN)
    const leave = { ...ANNOUNCE, infoHash: KNOWN, port: 7000, event: 'stopped' } as const
    await expect(client.announce({ ...leave, event: 'completed' })).rejects.toThrow(REFUSED)
    expect(await client.announce(leave)).toMatchObject({ complete: 0, incomplete: 0 })
    tracker.app.torrentApproval.allow(KNOWN)
    expect(await client.announce({ ...leave, port: 7001, event: 'none' })).toMatchObject({
      complete: 0,
      incomplete: 1,
    })
  })

  test('without a list all torrents are approved until denied', async () => {
    await using tracker = await trackerWith({})
    const client = tracker.client(protocol)
    expect(await client.announce({ ...ANNOUNCE, infoHash: KNOWN })).toMatchObject({ incomplete: 1 })
    tracker.app.torrentApproval.deny(KNOWN)
    await expect(client.announce({ ...ANNOUNCE, infoHash: KNOWN })).rejects.toThrow(REFUSED)
  })

  test('with an empty whitelist no torrent is approved until allowed', async () => {
    await using tracker = await trackerWith({ whitelist: [] })
    const client = tracker.client(protocol)
    await expect(client.announce({ ...ANNOUNCE, infoHash: KNOWN })).rejects.toThrow(REFUSED)
    tracker.app.torrentApproval.allow(toHex(KNOWN))
    expect(await client.announce({ ...ANNOUNCE, infoHash: KNOWN })).toMatchObject({ incomplete: 1 })
  })

  test('a file is followed, and what was allowed or denied stays so', async () => {
    const file = await listFile(KNOWN)
    await using tracker = await trackerWith({
      whitelistFile: file,
      whitelist: [toHex(sampleInfoHash(3))],
    })
    const client = tracker.client(protocol)
    await client.announce({ ...ANNOUNCE, infoHash: KNOWN })
    await expect(client.announce({ ...ANNOUNCE, infoHash: OTHER })).rejects.toThrow(REFUSED)
    tracker.app.torrentApproval.allow(sampleInfoHash(4))

    await writeFile(`${file}.new`, `# The new list\r\n${toHex(OTHER).toUpperCase()}\r\n`)
    await rename(`${file}.new`, file)
    await expect.poll(() => tracker.app.torrentApproval.has(OTHER), { timeout: 20_000 }).toBe(true)
    await client.announce({ ...ANNOUNCE, infoHash: OTHER })
    await client.announce({ ...ANNOUNCE, infoHash: sampleInfoHash(3) })
    await client.announce({ ...ANNOUNCE, infoHash: sampleInfoHash(4) })
    await expect(client.announce({ ...ANNOUNCE, infoHash: KNOWN })).rejects.toThrow(REFUSED)
  })

  test('a file that breaks leaves the list, and the log names line and cause', async () => {
    const file = await listFile(KNOWN)
    await using tracker = await trackerWith({ whitelistFile: file })
    await writeFile(file, `${toHex(OTHER)}\nrubbish\n`)
    const message = `${file}:2: "rubbish" is not an infohash of 40 or 64 hex digits`
    const logged = (): unknown[] =>
      tracker.log.map(({ err }) => (err as Error | undefined)?.message)
    await expect.poll(logged, { timeout: 20_000 }).toContain(message)
    const client = tracker.client(protocol)
    expect(await client.announce({ ...ANNOUNCE, infoHash: KNOWN })).toMatchObject({ incomplete: 1 })
    await expect(client.announce({ ...ANNOUNCE, infoHash: OTHER })).rejects.toThrow(REFUSED)
  })

  test('scrapes answer the unapproved like the unknown', async () => {
    await using tracker = await trackerWith({ blacklist: [] })
    const client = tracker.client(protocol)
    for (const infoHash of [KNOWN, OTHER])
      await client.announce({ ...ANNOUNCE, infoHash, left: 0n, event: 'completed' })
    const asked = [sampleInfoHash(9), KNOWN, OTHER]
    const seeded = { complete: 1, incomplete: 0, downloaded: 1 }
    expect(await client.scrape(asked)).toMatchObject([NOBODY, seeded, seeded])
    tracker.app.torrentApproval.deny(KNOWN)
    const [unknown, denied, approved] = await client.scrape(asked)
    expect(denied).toEqual(unknown)
    expect(approved).toMatchObject(seeded)
    tracker.app.torrentApproval.deny(OTHER)
    expect(await client.scrape([OTHER])).toEqual([unknown])
  })

  describe('the swarm of a torrent that is refused from now on is emptied', () => {
    test('when the list in the file has changed, and when it is denied', async () => {
      const third = sampleInfoHash(3)
      const file = await listFile(KNOWN, OTHER, third)
      const store = modelStore()
      await using tracker = await trackerOn(store, { whitelistFile: file })
      for (const infoHash of [KNOWN, OTHER, third])
        await tracker.client('udp').announce({ ...ANNOUNCE, infoHash })
      await writeFile(`${file}.new`, `${toHex(OTHER)}\n${toHex(third)}\n`)
      await rename(`${file}.new`, file)
      await expect.poll(() => store.stats(), { timeout: 20_000 }).toMatchObject({ swarms: 2 })
      tracker.app.torrentApproval.deny(third)
      await expect.poll(() => store.stats(), { timeout: 20_000 }).toMatchObject({ swarms: 1 })
      expect(
        await tracker.client('http').announce({ ...ANNOUNCE, infoHash: OTHER, port: 7000 }),
      ).toMatchObject({ incomplete: 2 })
    })

    test('when a tracker with another list takes over', async () => {
      const store = modelStore()
      {
        await using former = await trackerOn(store, {})
        for (const infoHash of [KNOWN, OTHER])
          await former.client('http').announce({ ...ANNOUNCE, infoHash })
      }
      await using tracker = await trackerOn(store, { blacklist: [toHex(KNOWN)] })
      await expect.poll(() => store.stats(), { timeout: 20_000 }).toMatchObject({ swarms: 1 })
      expect(await tracker.client('udp').scrape([OTHER])).toMatchObject([{ incomplete: 1 }])
    })
  })

  test('several lists in one scope must all approve', async () => {
    await using tracker = await trackerWith(
      { whitelist: [KNOWN, OTHER].map(toHex) },
      { blacklist: [toHex(OTHER)] },
    )
    const client = tracker.client(protocol)
    await client.announce({ ...ANNOUNCE, infoHash: KNOWN })
    await expect(client.announce({ ...ANNOUNCE, infoHash: OTHER })).rejects.toThrow(REFUSED)
    await expect(client.announce({ ...ANNOUNCE, infoHash: sampleInfoHash(3) })).rejects.toThrow(
      REFUSED,
    )
    expect(await client.scrape([sampleInfoHash(3), OTHER, KNOWN])).toMatchObject([
      NOBODY,
      NOBODY,
      { incomplete: 1 },
    ])
    // The decorator is that of the first list.
    expect(tracker.app.torrentApproval.has(OTHER)).toBe(true)
  })

  test('a failing hook after the reply costs the client nothing', async () => {
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.register(torrentApproval, { whitelist: [toHex(KNOWN)] })
        app.after(() =>
          app.tracker.addHook('postAnnounce', () =>
            Promise.reject(new Error('too late to matter')),
          ),
        )
      },
    })
    const client = tracker.client(protocol)
    expect(await client.announce({ ...ANNOUNCE, infoHash: KNOWN })).toMatchObject({ incomplete: 1 })
    await expect
      .poll(() => tracker.log.map(({ msg }) => msg), { timeout: 20_000 })
      .toContain('a post hook failed')
    expect(await client.announce({ ...ANNOUNCE, infoHash: KNOWN, port: 7000 })).toMatchObject({
      incomplete: 2,
    })
  })
})

test('a refusal over HTTP says when to come back, if the options do', async () => {
  await using tracker = await trackerWith({ blacklist: [toHex(KNOWN)], retryIn: 'never' })
  const announce = `/announce?info_hash=${toHex(KNOWN).replaceAll(/../g, '%$&')}&peer_id=${'x'.repeat(20)}&port=1000&left=0`
  const reply = await tracker.app.inject(announce)
  expect(reply.body).toBe('d14:failure reason18:unapproved torrent8:retry in5:nevere')
})

test('each scope has its own lists', async () => {
  const scopes: FastifyInstance[] = []
  await using tracker = await TestTracker.start({
    register: (app) => {
      for (const options of [{ whitelist: [] }, { blacklist: [] }]) {
        app.register(async (scope) => {
          await scope.register(torrentApproval, options)
          scopes.push(scope)
        })
      }
    },
  })
  expect(scopes.map((scope) => scope.torrentApproval.has(KNOWN))).toEqual([false, true])
  expect(tracker.app.hasDecorator('torrentApproval')).toBe(false)
  expect(await tracker.client('udp').announce(ANNOUNCE)).toMatchObject({ incomplete: 1 })
})

describe('the start', () => {
  test.each<[TorrentApprovalOptions, string]>([
    [
      { whitelist: [toHex(KNOWN)], blacklist: [toHex(KNOWN)] },
      'options may have a whitelist or a blacklist, not both',
    ],
    [
      { whitelist: ['abc'] },
      'options/whitelist/0 must be written like 3532cf2d327fad8448c075b4cb42c8136964a435, got "abc"',
    ],
    [{ blacklist: ['a'.repeat(41)] }, 'options/blacklist/0 must be written like'],
    [{ list: [] } as TorrentApprovalOptions, 'options has no key list'],
  ])('is refused with %j', async (options, message) => {
    await expect(trackerWith(options)).rejects.toThrow(
      `@chihaya/middleware-torrentapproval: ${message}`,
    )
  })

  test('is refused with a missing or invalid file', async () => {
    await expect(trackerWith({ whitelistFile: '/nowhere/torrents' })).rejects.toThrow(
      '/nowhere/torrents: ENOENT',
    )
    const file = await listFile(KNOWN)
    await writeFile(file, '\n\nrubbish')
    await expect(trackerWith({ blacklistFile: file })).rejects.toThrow(
      `${file}:3: "rubbish" is not an infohash`,
    )
  })

  test('needs a tracker', async () => {
    await using app = Fastify()
    await expect(async () => app.register(torrentApproval)).rejects.toThrow(/'@chihaya\/core'/)
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nativeSchema, SqlBackend, SqliteDriver } from '@chihaya/backend-sql'
import { peerIdFrom, type PeerId } from '@chihaya/bittorrent'
import { SinkError, Spool, type RegistryLoader } from '@chihaya/deltas'
import type { ClientAnnounce } from '@chihaya/client'
import { ANNOUNCE, TestTracker, type Protocol } from '@internal/test-tracker'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { privateTracker } from '../src/plugin.ts'
import type { PrivateTrackerOptions } from '../src/options.ts'
import { infoHash } from './site.ts'

const ONE = 'passkey-of-user-1'
const TWO = 'passkey-of-user-2'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'private-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

async function start(options: PrivateTrackerOptions = {}): Promise<TestTracker> {
  const tracker = await TestTracker.start({
    register: (app) => void app.register(privateTracker, { folder, ...options }),
    memory: { storeOwners: true },
    http: { announceRoutes: ['/announce', '/:passkey/announce'] },
  })
  await vi.waitFor(() => expect(tracker.app.privateTracker.ready).toBe(true))
  return tracker
}

async function signUp({ app }: TestTracker): Promise<void> {
  const { users, torrents } = app.privateTracker
  await users.put({ id: 1, passkey: ONE })
  await users.put({ id: 2, passkey: TWO })
  await torrents.put({ id: 1, infoHash: infoHash(1) })
}

function peer(letter: string): PeerId {
  return peerIdFrom(`-XX0001-${letter.repeat(12)}`) as PeerId
}

function announce(letter: string, counters: Partial<ClientAnnounce>): ClientAnnounce {
  const port = 6000 + letter.charCodeAt(0)
  return { ...ANNOUNCE, infoHash: infoHash(1), peerId: peer(letter), port, ...counters }
}

/** What the database says of users: id, uploaded, downloaded. */
async function totals(): Promise<unknown[][]> {
  const driver = new SqliteDriver(join(folder, 'chihaya.db'))
  await driver.connect()
  const sql = 'SELECT id, uploaded, downloaded FROM chihaya_users ORDER BY id'
  const rows = await driver.query({ sql })
  await driver.close()
  return rows
}

const PROTOCOLS: Protocol[] = ['http', 'udp']

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test('members are credited what they move, across a restart', async () => {
    {
      await using tracker = await start()
      await signUp(tracker)
      const one = tracker.client(protocol, { path: `/announce?passkey=${ONE}` })
      const two = tracker.client(protocol, { path: `/${TWO}/announce` })
      await one.announce(announce('A', { left: 0n, event: 'started' }))
      const answer = await two.announce(announce('B', { left: 1000n, event: 'started' }))
      expect(answer).toMatchObject({ complete: 1, incomplete: 1 })
      expect(answer.peers).toHaveLength(1)
      await one.announce(announce('A', { left: 0n, uploaded: 600n }))
      await two.announce(announce('B', { left: 400n, downloaded: 600n }))
    }
    expect(await totals()).toEqual([
      [1, 600, 0],
      [2, 0, 600],
    ])
    {
      await using tracker = await start()
      const one = tracker.client(protocol, { path: `/announce?passkey=${ONE}` })
      const two = tracker.client(protocol, { path: `/${TWO}/announce` })
      await one.announce(announce('A', { left: 0n, uploaded: 1000n }))
      await two.announce(announce('B', { left: 0n, downloaded: 1000n, event: 'completed' }))
    }
    expect(await totals()).toEqual([
      [1, 1000, 0],
      [2, 0, 1000],
    ])
  })

  test('who is not a member is refused, and what is not registered', async () => {
    await using tracker = await start()
    await signUp(tracker)
    const { users, torrents } = tracker.app.privateTracker
    const failure = async (path: string, id = 1): Promise<unknown> => {
      const client = tracker.client(protocol, { path })
      const request = { ...announce('A', { left: 0n }), infoHash: infoHash(id) }
      return client.announce(request).then(
        () => 'served',
        (error: Error) => error.message,
      )
    }
    expect(await failure('/announce')).toBe('Passkey not found')
    expect(await failure('/announce?passkey=passkey-of-user-9')).toBe('Passkey not found')
    expect(await failure(`/announce?passkey=${ONE}`)).toBe('served')
    expect(await failure(`/announce?torrent_pass=${ONE}`)).toBe('served')
    expect(await failure(`/announce?passkey=${ONE}`, 2)).toBe('Unregistered torrent')
    await torrents.put({ id: 2, infoHash: infoHash(2), state: 'pending' })
    expect(await failure(`/announce?passkey=${ONE}`, 2)).toBe('Torrent is pending moderation')
    await torrents.remove(1, 'Trump')
    expect(await failure(`/announce?passkey=${ONE}`)).toBe('Unregistered torrent: Trump')
    await users.put({ id: 1, passkey: ONE, enabled: false })
    expect(await failure(`/announce?passkey=${ONE}`)).toBe('Account disabled')
  })

  test('a torrent that is removed takes its peers along', async () => {
    await using tracker = await start()
    await signUp(tracker)
    const client = tracker.client(protocol, { path: `/announce?passkey=${ONE}` })
    await client.announce(announce('A', { left: 0n }))
    expect(await tracker.app.peerStore.stats()).toMatchObject({ swarms: 1 })
    expect(await tracker.app.privateTracker.torrents.remove(1)).toBe(true)
    expect(await tracker.app.peerStore.stats()).toMatchObject({ swarms: 0 })
  })

  test('G-41: nobody is given the peers of the same member', async () => {
    await using tracker = await start()
    await signUp(tracker)
    const one = tracker.client(protocol, { path: `/announce?passkey=${ONE}` })
    const two = tracker.client(protocol, { path: `/announce?passkey=${TWO}` })
    await one.announce(announce('A', { left: 0n }))
    await two.announce(announce('C', { left: 5n }))
    const own = await one.announce(announce('B', { left: 5n }))
    expect(own.peers.map(({ port }) => port)).toEqual([6000 + 'C'.charCodeAt(0)])
    const others = await two.announce(announce('C', { left: 5n }))
    expect(others.peers).toHaveLength(2)
  })
})

/** Two announces of user 1, 600 bytes apart. */
async function upload(tracker: TestTracker): Promise<void> {
  await signUp(tracker)
  const client = tracker.client('http', { path: `/announce?passkey=${ONE}` })
  await client.announce(announce('A', { left: 0n, event: 'started' }))
  await client.announce(announce('A', { left: 0n, uploaded: 600n }))
}

test('a database that is away at the start is waited for', async () => {
  class Away extends SqlBackend {
    attempts = 0

    override async load(loader: RegistryLoader, since: number): Promise<void> {
      if (this.attempts++ === 0) throw new SinkError('retry', 'the connection is refused')
      await super.load(loader, since)
    }
  }
  const driver = new SqliteDriver(join(folder, 'chihaya.db'))
  const backend = new Away({ driver, schema: nativeSchema })
  {
    await using tracker = await TestTracker.start({
      register: (app) => void app.register(privateTracker, { folder, backend }),
    })
    const early = tracker.client('http', { path: `/announce?passkey=${ONE}` })
    await expect(early.announce(announce('A', { left: 0n }))).rejects.toThrow('tracker is starting')
    // Changes wait for the state.
    await upload(tracker)
  }
  expect(await totals()).toContainEqual([1, 600, 0])
})

test('F-12: a spool that does not follow its database is set aside, and credit goes on', async () => {
  const log = { warn: () => undefined }
  const former = await Spool.open({ folder, segmentBytes: 30, log })
  for (let frame = 0; frame < 3; frame++) {
    // oxlint-disable-next-line no-await-in-loop
    await former.append(Buffer.from('not a record'), 1)
  }
  await former.release(3)
  await former.close()
  {
    await using tracker = await start()
    await upload(tracker)
  }
  expect(await totals()).toContainEqual([1, 600, 0])
  {
    await using tracker = await start()
    const client = tracker.client('http', { path: `/announce?passkey=${ONE}` })
    await client.announce(announce('A', { left: 0n, uploaded: 700n }))
  }
  expect(await totals()).toContainEqual([1, 700, 0])
})

test('without a folder, members are served and nothing is kept', async () => {
  await using tracker = await TestTracker.start({
    register: (app) => void app.register(privateTracker),
  })
  await vi.waitFor(() => expect(tracker.app.privateTracker.ready).toBe(true))
  await upload(tracker)
  const { registry } = tracker.app.privateTracker
  expect(registry.torrents.seeding(registry.torrents.find(1))).toBe(1)
})

import {
  NO_CHANGE,
  type DeltaBatch,
  type NumberedDelta,
  type RegistryLoader,
} from '@chihaya/deltas'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { nativeSchema } from '../src/schemas/native.ts'
import { SqlBackend } from '../src/sql-backend.ts'
import type { SqlDriver } from '../src/sql-driver.ts'
import { DATABASES, type TestDatabase } from './databases.ts'
import type { SqlValue } from '../src/operation.ts'

const SOURCE: Uint8Array = new Uint8Array(16).fill(7)
const PEER: Uint8Array = new Uint8Array(20).fill(1)

let database: TestDatabase
let driver: SqlDriver
let backend: SqlBackend

function announce(seq: number, delta: Partial<NumberedDelta>): NumberedDelta {
  return { ...NO_CHANGE, at: 1000 + seq, user: 1, torrent: 1, peer: PEER, seq, ...delta }
}

function batchOf(...deltas: NumberedDelta[]): DeltaBatch {
  const [first, last] = [deltas[0], deltas.at(-1)]
  return { source: SOURCE, first: first?.seq ?? 0, last: last?.seq ?? 0, deltas }
}

function rows(sql: string): Promise<SqlValue[][]> {
  return driver.query({ sql })
}

/** A row with plain arrays of bytes: some drivers give buffers. */
function withoutBuffers(row: unknown): unknown {
  const entries = Object.entries(row as object).map(([key, value]): [string, unknown] => [
    key,
    Buffer.isBuffer(value) ? new Uint8Array(value) : value,
  ])
  return Object.fromEntries(entries)
}

function byId(one: unknown, other: unknown): number {
  return (one as { id: number }).id - (other as { id: number }).id
}

/** What is loaded, by kind. */
async function loaded(since = 0): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {}
  const take = (kind: string) => (list: readonly unknown[]) =>
    void (found[kind] ??= []).push(...list.map(withoutBuffers))
  const loader: RegistryLoader = {
    users: take('users'),
    torrents: take('torrents'),
    tokens: take('tokens'),
    promotions: take('promotions'),
    clients: take('clients'),
    sessions: take('sessions'),
  }
  await backend.load(loader, since)
  return found
}

const TABLES = ['users', 'torrents', 'tokens', 'promotions', 'clients', 'sessions', 'history']
const OTHERS = ['flags', 'snatches', 'cursor', 'schema_version']

describe.each(DATABASES)('in %s', (_name, start) => {
  beforeAll(async () => {
    database = await start()
  })

  afterAll(() => database.close())

  beforeEach(async () => {
    driver = database.driver()
    backend = new SqlBackend({ driver, schema: nativeSchema })
    await backend.open(SOURCE)
    await backend.registry?.putUser({ id: 1, passkey: 'passkey-of-user-1' })
    await backend.registry?.putTorrent({ id: 1, infoHash: new Uint8Array(20).fill(9) })
  })

  afterEach(async () => {
    await driver.connect()
    await driver.define([...TABLES, ...OTHERS].map((table) => `DROP TABLE chihaya_${table}`))
    await backend.close()
  })

  test('a batch is credited once, however often it comes', async () => {
    const counters = { uploaded: 700, downloaded: 30, corrupt: 1, left: 5 }
    const batch = batchOf(
      announce(1, { up: 500, creditUp: 1000, counters }),
      announce(2, { up: 200, creditUp: 400, down: 30, creditDown: 15, counters, seedTime: 60 }),
    )
    await backend.write(batch)
    await backend.write(batch)
    expect(
      await rows('SELECT uploaded, downloaded, raw_uploaded, raw_downloaded FROM chihaya_users'),
    ).toEqual([[1400, 15, 700, 30]])
    expect(
      await rows('SELECT uploaded, downloaded, corrupt, remaining FROM chihaya_sessions'),
    ).toEqual([[700, 30, 1, 5]])
    expect(await rows('SELECT credited_uploaded, seed_time FROM chihaya_history')).toEqual([
      [1400, 60],
    ])
    expect(await backend.open(SOURCE)).toBe(2)
    expect(await backend.open(new Uint8Array(16))).toBe(0)
  })

  test('sums are exact beyond 2⁵³', async () => {
    const huge = 2n ** 60n + 1n
    await backend.write(batchOf(announce(1, { up: 1, creditUp: huge })))
    await backend.write(batchOf(announce(2, { up: 1, creditUp: 1 })))
    expect(await rows('SELECT uploaded FROM chihaya_users')).toEqual([[huge + 1n]])
  })

  test('a user that is gone is not made by its last records', async () => {
    await backend.registry?.removeUser(1)
    await backend.write(batchOf(announce(1, { up: 500, creditUp: 500 })))
    expect(await rows('SELECT id FROM chihaya_users')).toEqual([])
  })

  test('a batch with a value that does not fit changes nothing', async () => {
    const good = announce(1, { up: 1, creditUp: 1 })
    const bad = announce(2, { up: 1, creditUp: 2n ** 80n })
    await expect(backend.write(batchOf(good, bad))).rejects.toMatchObject({ failure: 'rejected' })
    expect(await rows('SELECT uploaded FROM chihaya_users')).toEqual([[0]])
    expect(await backend.open(SOURCE)).toBe(0)
    await backend.write(batchOf(good))
    expect(await rows('SELECT uploaded FROM chihaya_users')).toEqual([[1]])
  })

  test('what was written is loaded, by another process too', async () => {
    await backend.registry?.putUser({ id: 2, passkey: 'x'.repeat(64), slots: 3, enabled: false })
    await backend.registry?.putToken({ user: 1, torrent: 1, expiresAt: 5000 })
    const terms = { leechType: 'free', upPercent: 200, downPercent: 100 } as const
    await backend.registry?.putPromotion({
      name: 'week',
      for: 'everybody',
      from: 1,
      until: 2,
      ...terms,
    })
    await backend.registry?.putClient({ prefix: '-XX\u00ff', allowed: false })
    const counters = { uploaded: 700, downloaded: 30, corrupt: 1, left: undefined }
    await backend.write(
      batchOf(announce(1, { counters, since: 900, announces: 4, state: 'seeding' })),
    )
    await backend.close()
    driver = database.driver()
    backend = new SqlBackend({ driver, schema: nativeSchema })

    const found = await loaded()
    expect(found['users']?.toSorted(byId)).toMatchObject([
      { id: 1, passkey: 'passkey-of-user-1', slots: Infinity, enabled: true },
      { id: 2, slots: 3, enabled: false },
    ])
    expect(found['torrents']).toMatchObject([{ id: 1, infoHash: new Uint8Array(20).fill(9) }])
    expect(found['tokens']).toEqual([{ user: 1, torrent: 1, expiresAt: 5000 }])
    expect(found['promotions']).toEqual([
      { name: 'week', for: 'everybody', from: 1, until: 2, ...terms },
    ])
    expect(found['clients']).toEqual([{ prefix: '-XX\u00ff', allowed: false }])
    expect(found['sessions']).toEqual([
      {
        user: 1,
        torrent: 1,
        peer: PEER,
        ...counters,
        state: 'seeding',
        first: 900,
        last: 1001,
        announces: 4,
      },
    ])
    expect((await loaded(1002))['sessions'] ?? []).toEqual([])
  })

  test('a token that pays is charged, and is not loaded once it is used up', async () => {
    await backend.registry?.putToken({ user: 1, torrent: 1, expiresAt: 0 })
    await backend.write(
      batchOf(
        announce(1, { down: 400, free: 'token' }),
        announce(2, { type: 'token', peer: undefined }),
      ),
    )
    expect(await rows('SELECT downloaded, used_at FROM chihaya_tokens')).toEqual([[400, 1002]])
    expect((await loaded())['tokens'] ?? []).toEqual([])
  })

  test('tables of a later release are left alone', async () => {
    await driver.define(['INSERT INTO chihaya_schema_version (version) VALUES (99)'])
    await expect(backend.open(SOURCE)).rejects.toMatchObject({
      failure: 'blocked',
      message: 'the tables have version 99, of a later release; this one knows 1',
    })
  })
})

import { byteString, formatAddress, fromHex, toHex } from '@chihaya/bittorrent'
import {
  SinkError,
  summarize,
  type Delta,
  type DeltaBatch,
  type PromotionRow,
  type RegistryLoader,
  type RegistryWriter,
  type SessionRow,
  type TorrentRow,
  type UserRow,
} from '@chihaya/deltas'
import type { Operation, SqlValue } from '../operation.ts'
import type { SqlSchema } from '../sql-backend.ts'
import type { SqlDriver } from '../sql-driver.ts'
import { bootstrap, nativeMigrations } from './native-tables.ts'

/** Tables of the tracker's own: what a site without a database of users begins with. */
export const nativeSchema: SqlSchema = {
  name: 'native',
  cursorTable: 'chihaya_cursor',
  prepare,
  operations,
  load,
  registry: (driver) => nativeRegistry(driver),
}

async function prepare(driver: SqlDriver): Promise<void> {
  await driver.define(bootstrap(driver.dialect))
  const versions = 'SELECT COALESCE(MAX(version), 0) FROM chihaya_schema_version'
  const [[version] = [0]] = await driver.query({ sql: versions })
  const migrations = nativeMigrations(driver.dialect)
  const current = Number(version)
  if (current > migrations.length) {
    throw new SinkError(
      'blocked',
      `the tables have version ${current}, of a later release; this one knows ${migrations.length}`,
    )
  }
  for (const [index, statements] of migrations.entries()) {
    if (index < current) continue
    const done = `INSERT INTO chihaya_schema_version (version) VALUES (${index + 1})`
    // One version after the other.
    // oxlint-disable-next-line no-await-in-loop
    await driver.define([...statements, done])
  }
}

function operations({ deltas }: DeltaBatch): Operation[] {
  const summary = summarize(deltas)
  return [
    {
      kind: 'upsert',
      table: 'chihaya_sessions',
      key: ['user_id', 'torrent_id', 'peer_id'],
      columns: [
        'user_id',
        'torrent_id',
        'peer_id',
        'uploaded',
        'downloaded',
        'corrupt',
        'remaining',
        'state',
        'first_seen',
        'last_seen',
        'announces',
        'address',
        'port',
        'agent',
      ],
      changes: {
        uploaded: 'set',
        downloaded: 'set',
        corrupt: 'set',
        remaining: 'set',
        state: 'set',
        last_seen: 'set',
        announces: 'set',
        address: 'set',
        port: 'set',
        agent: 'set',
      },
      rows: summary.sessions.map(sessionRow),
    },
    {
      kind: 'update',
      table: 'chihaya_users',
      key: ['id'],
      columns: ['id', 'uploaded', 'downloaded', 'raw_uploaded', 'raw_downloaded'],
      changes: {
        uploaded: 'add',
        downloaded: 'add',
        raw_uploaded: 'add',
        raw_downloaded: 'add',
      },
      rows: summary.users.map((sum) => [sum.user, sum.creditUp, sum.creditDown, sum.up, sum.down]),
    },
    {
      kind: 'update',
      table: 'chihaya_tokens',
      key: ['user_id', 'torrent_id'],
      columns: ['user_id', 'torrent_id', 'downloaded', 'used_at'],
      changes: { downloaded: 'add', used_at: 'max' },
      rows: summary.tokens.map(({ user, torrent, down, used }) => [user, torrent, down, used]),
    },
    {
      kind: 'upsert',
      table: 'chihaya_history',
      key: ['user_id', 'torrent_id'],
      columns: [
        'user_id',
        'torrent_id',
        'uploaded',
        'downloaded',
        'credited_uploaded',
        'credited_downloaded',
        'seed_time',
        'leech_time',
        'snatched_at',
        'completed_count',
        'last_seen',
      ],
      changes: {
        uploaded: 'add',
        downloaded: 'add',
        credited_uploaded: 'add',
        credited_downloaded: 'add',
        seed_time: 'add',
        leech_time: 'add',
        snatched_at: 'max',
        completed_count: 'add',
        last_seen: 'max',
      },
      rows: summary.history.map((sum) => [
        sum.user,
        sum.torrent,
        sum.up,
        sum.down,
        sum.creditUp,
        sum.creditDown,
        sum.seedTime,
        sum.leechTime,
        sum.snatchedAt,
        sum.snatches,
        sum.at,
      ]),
    },
    {
      kind: 'upsert',
      table: 'chihaya_flags',
      key: ['user_id', 'torrent_id', 'flag'],
      columns: ['user_id', 'torrent_id', 'flag', 'count', 'last_seen'],
      changes: { count: 'add', last_seen: 'max' },
      rows: summary.history.flatMap(({ user, torrent, flags, at }) =>
        [...flags].toSorted().map((flag) => [user, torrent, flag, 1, at]),
      ),
    },
    {
      kind: 'insert',
      table: 'chihaya_snatches',
      columns: ['user_id', 'torrent_id', 'snatched_at', 'address'],
      rows: summary.snatches.map(({ user, torrent, at, address }) => [
        user,
        torrent,
        at,
        address ? formatAddress(address) : '',
      ]),
    },
    {
      kind: 'update',
      table: 'chihaya_torrents',
      key: ['id'],
      columns: ['id', 'snatches', 'balance'],
      changes: { snatches: 'add', balance: 'add' },
      rows: summary.torrents.map(({ torrent, snatches, balance }) => [torrent, snatches, balance]),
    },
    {
      kind: 'update',
      table: 'chihaya_torrents',
      key: ['id'],
      columns: ['id', 'seeders', 'leechers'],
      changes: { seeders: 'set', leechers: 'set' },
      rows: summary.torrents.flatMap(({ torrent, swarm }) =>
        swarm ? [[torrent, swarm.seeders, swarm.leechers]] : [],
      ),
    },
  ]
}

function sessionRow(delta: Delta): SqlValue[] {
  const { user, torrent, peer, counters, state, since, at, announces, address, port, agent } = delta
  const { uploaded = 0, downloaded = 0, corrupt = 0, left } = counters ?? {}
  const totals = [uploaded, downloaded, corrupt, left ?? null]
  const place = address ? formatAddress(address) : ''
  const id = [user, torrent, peer ?? new Uint8Array(20)]
  return [...id, ...totals, state, since, at, announces, place, port, agent]
}

async function load(driver: SqlDriver, loader: RegistryLoader, since: number): Promise<void> {
  const read = (
    table: string,
    columns: string,
    take: (rows: SqlValue[][]) => void,
    where = '',
  ): Promise<void> =>
    driver.stream({ sql: `SELECT ${columns} FROM chihaya_${table} ${where}` }, take)
  await read(
    'users',
    'id, passkey, enabled, may_leech, hidden, free, slots, peers_per_torrent, up_percent, down_percent',
    (rows) => loader.users(rows.map(readUser)),
  )
  await read(
    'torrents',
    'id, info_hash, info_hash_v2, leech_type, up_percent, down_percent, state',
    (rows) => loader.torrents(rows.map(readTorrent)),
  )
  await read(
    'tokens',
    'user_id, torrent_id, expires_at',
    (rows) =>
      loader.tokens(
        rows.map(([user, torrent, expiresAt]) => ({
          user: Number(user),
          torrent: Number(torrent),
          expiresAt: Number(expiresAt),
        })),
      ),
    'WHERE used_at = 0',
  )
  await read(
    'promotions',
    'name, user_id, torrent_id, starts_at, ends_at, leech_type, up_percent, down_percent',
    (rows) => loader.promotions(rows.map(readPromotion)),
  )
  await read('clients', 'prefix, allowed', (rows) =>
    loader.clients(
      rows.map(([prefix, allowed]) => ({
        prefix: fromHex(String(prefix)) ?? '',
        allowed: allowed === 1,
      })),
    ),
  )
  await read(
    'sessions',
    'user_id, torrent_id, peer_id, uploaded, downloaded, corrupt, remaining, state, first_seen, last_seen, announces',
    (rows) => loader.sessions(rows.map(readSession)),
    `WHERE last_seen >= ${Math.floor(since)} ORDER BY last_seen`,
  )
}

function readUser(row: SqlValue[]): UserRow {
  const [id, passkey, enabled, mayLeech, hidden, free, slots, peers, up, down] = row
  return {
    id: Number(id),
    passkey: String(passkey),
    enabled: enabled !== 0,
    mayLeech: mayLeech !== 0,
    hidden: hidden !== 0,
    free: free !== 0,
    slots: slots == null ? Infinity : Number(slots),
    peersPerTorrent: Number(peers),
    upPercent: Number(up),
    downPercent: Number(down),
  }
}

function readTorrent(row: SqlValue[]): TorrentRow {
  const [id, infoHash, infoHashV2, leechType, up, down, state] = row
  return {
    id: Number(id),
    infoHash: infoHash as Uint8Array,
    infoHashV2: infoHashV2 == null ? undefined : (infoHashV2 as Uint8Array),
    leechType: leechType as NonNullable<TorrentRow['leechType']>,
    upPercent: Number(up),
    downPercent: Number(down),
    state: state as NonNullable<TorrentRow['state']>,
  }
}

function readPromotion(row: SqlValue[]): PromotionRow {
  const [name, user, torrent, from, until, leechType, up, down] = row
  const target =
    user == null
      ? torrent == null
        ? ('everybody' as const)
        : { torrent: Number(torrent) }
      : { user: Number(user) }
  return {
    name: String(name),
    for: target,
    from: Number(from),
    until: Number(until),
    leechType: leechType as PromotionRow['leechType'],
    upPercent: Number(up),
    downPercent: Number(down),
  }
}

function readSession(row: SqlValue[]): SessionRow {
  const [user, torrent, peer, uploaded, downloaded, corrupt, left, state, ...times] = row
  const [first, last, announces] = times.map(Number)
  return {
    user: Number(user),
    torrent: Number(torrent),
    peer: peer as Uint8Array,
    uploaded: Number(uploaded),
    downloaded: Number(downloaded),
    corrupt: Number(corrupt),
    left: left == null ? undefined : Number(left),
    state: state as SessionRow['state'],
    first: first ?? 0,
    last: last ?? 0,
    announces: announces ?? 0,
  }
}

function nativeRegistry(driver: SqlDriver): RegistryWriter {
  const put = async (
    table: string,
    key: readonly string[],
    values: Readonly<Record<string, SqlValue>>,
  ): Promise<void> => {
    const columns = Object.keys(values)
    const others = columns.filter((column) => !key.includes(column))
    const changes = Object.fromEntries(others.map((column) => [column, 'set' as const]))
    const rows = [Object.values(values)]
    const name = `chihaya_${table}`
    await driver.apply(undefined, [{ kind: 'upsert', table: name, key, columns, changes, rows }])
  }
  const remove = async (
    table: string,
    key: readonly string[],
    values: readonly SqlValue[],
  ): Promise<void> => {
    const name = `chihaya_${table}`
    await driver.apply(undefined, [{ kind: 'delete', table: name, key, rows: [values] }])
  }
  return {
    putUser: (user) => {
      const { enabled = true, mayLeech = true, hidden = false, free = false } = user
      const { slots = Infinity, peersPerTorrent = 0, upPercent = 100, downPercent = 100 } = user
      return put('users', ['id'], {
        id: user.id,
        passkey: user.passkey,
        enabled: Number(enabled),
        may_leech: Number(mayLeech),
        hidden: Number(hidden),
        free: Number(free),
        slots: slots === Infinity ? null : slots,
        peers_per_torrent: peersPerTorrent,
        up_percent: upPercent,
        down_percent: downPercent,
      })
    },
    removeUser: (id) => remove('users', ['id'], [id]),
    putTorrent: (torrent) =>
      put('torrents', ['id'], {
        id: torrent.id,
        info_hash: torrent.infoHash,
        info_hash_v2: torrent.infoHashV2 ?? null,
        leech_type: torrent.leechType ?? 'normal',
        up_percent: torrent.upPercent ?? 100,
        down_percent: torrent.downPercent ?? 100,
        state: torrent.state ?? 'ok',
      }),
    removeTorrent: (id) => remove('torrents', ['id'], [id]),
    putToken: ({ user, torrent, expiresAt }) =>
      put('tokens', ['user_id', 'torrent_id'], {
        user_id: user,
        torrent_id: torrent,
        expires_at: expiresAt,
        used_at: 0,
      }),
    removeToken: (user, torrent) => remove('tokens', ['user_id', 'torrent_id'], [user, torrent]),
    putPromotion: (promotion) => {
      const target = promotion.for
      return put('promotions', ['name'], {
        name: promotion.name,
        user_id: target !== 'everybody' && 'user' in target ? target.user : null,
        torrent_id: target !== 'everybody' && 'torrent' in target ? target.torrent : null,
        starts_at: promotion.from,
        ends_at: promotion.until,
        leech_type: promotion.leechType,
        up_percent: promotion.upPercent,
        down_percent: promotion.downPercent,
      })
    },
    removePromotion: (name) => remove('promotions', ['name'], [name]),
    putClient: ({ prefix, allowed }) =>
      put('clients', ['prefix'], { prefix: hexOf(prefix), allowed: Number(allowed) }),
    removeClient: (prefix) => remove('clients', ['prefix'], [hexOf(prefix)]),
  }
}

function hexOf(prefix: string): string {
  return toHex(byteString(Buffer.from(prefix, 'latin1')))
}

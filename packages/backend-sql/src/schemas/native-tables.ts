import type { Dialect } from '../sql-driver.ts'

/** Types of columns that databases have different words for. */
interface Words {
  readonly bytes: (length: number) => string
  readonly text: (length: number) => string
  readonly bigint: string
  readonly int: string
}

const WORDS: Readonly<Record<Dialect, Words>> = {
  sqlite: { bytes: () => 'BLOB', text: () => 'TEXT', bigint: 'INTEGER', int: 'INTEGER' },
  mysql: {
    bytes: (length) => `BINARY(${length})`,
    text: (length) => `VARCHAR(${length}) CHARACTER SET ascii COLLATE ascii_bin`,
    bigint: 'BIGINT',
    int: 'INT UNSIGNED',
  },
  postgres: {
    bytes: () => 'BYTEA',
    text: (length) => `VARCHAR(${length})`,
    bigint: 'BIGINT',
    int: 'BIGINT',
  },
}

/** Each entry brings the tables from one version to the next. Entries are never changed. */
export function nativeMigrations(dialect: Dialect): ReadonlyArray<readonly string[]> {
  return [firstVersion(WORDS[dialect])]
}

function firstVersion({ bytes, text, bigint, int }: Words): string[] {
  const counter = `${bigint} NOT NULL DEFAULT 0`
  const number = `${int} NOT NULL DEFAULT 0`
  const percent = `${int} NOT NULL DEFAULT 100`
  return [
    table('users', [
      `id ${int} NOT NULL PRIMARY KEY`,
      `passkey ${text(64)} NOT NULL UNIQUE`,
      `enabled ${int} NOT NULL DEFAULT 1`,
      `may_leech ${int} NOT NULL DEFAULT 1`,
      `hidden ${number}`,
      `free ${number}`,
      `slots ${int}`,
      `peers_per_torrent ${number}`,
      `up_percent ${percent}`,
      `down_percent ${percent}`,
      `uploaded ${counter}`,
      `downloaded ${counter}`,
      `raw_uploaded ${counter}`,
      `raw_downloaded ${counter}`,
    ]),
    table('torrents', [
      `id ${int} NOT NULL PRIMARY KEY`,
      `info_hash ${bytes(20)} NOT NULL UNIQUE`,
      `info_hash_v2 ${bytes(20)} UNIQUE`,
      `leech_type ${text(10)} NOT NULL DEFAULT 'normal'`,
      `up_percent ${percent}`,
      `down_percent ${percent}`,
      `state ${text(10)} NOT NULL DEFAULT 'ok'`,
      `seeders ${number}`,
      `leechers ${number}`,
      `snatches ${number}`,
      `balance ${counter}`,
    ]),
    table('tokens', [
      `user_id ${int} NOT NULL`,
      `torrent_id ${int} NOT NULL`,
      `expires_at ${counter}`,
      `downloaded ${counter}`,
      `used_at ${counter}`,
      'PRIMARY KEY (user_id, torrent_id)',
    ]),
    table('promotions', [
      `name ${text(64)} NOT NULL PRIMARY KEY`,
      `user_id ${int}`,
      `torrent_id ${int}`,
      `starts_at ${counter}`,
      `ends_at ${counter}`,
      `leech_type ${text(10)} NOT NULL DEFAULT 'normal'`,
      `up_percent ${percent}`,
      `down_percent ${percent}`,
    ]),
    // Prefixes are written in hex: they are bytes, and no database compares those alike.
    table('clients', [`prefix ${text(40)} NOT NULL PRIMARY KEY`, `allowed ${int} NOT NULL`]),
    table('sessions', [
      `user_id ${int} NOT NULL`,
      `torrent_id ${int} NOT NULL`,
      `peer_id ${bytes(20)} NOT NULL`,
      `uploaded ${counter}`,
      `downloaded ${counter}`,
      `corrupt ${counter}`,
      `remaining ${bigint}`,
      `state ${text(10)} NOT NULL`,
      `first_seen ${counter}`,
      `last_seen ${counter}`,
      `announces ${number}`,
      `address ${text(45)} NOT NULL DEFAULT ''`,
      `port ${number}`,
      `agent ${text(64)} NOT NULL DEFAULT ''`,
      'PRIMARY KEY (user_id, torrent_id, peer_id)',
    ]),
    table('history', [
      `user_id ${int} NOT NULL`,
      `torrent_id ${int} NOT NULL`,
      `uploaded ${counter}`,
      `downloaded ${counter}`,
      `credited_uploaded ${counter}`,
      `credited_downloaded ${counter}`,
      `seed_time ${counter}`,
      `leech_time ${counter}`,
      `snatched_at ${counter}`,
      `completed_count ${number}`,
      `last_seen ${counter}`,
      'PRIMARY KEY (user_id, torrent_id)',
    ]),
    table('flags', [
      `user_id ${int} NOT NULL`,
      `torrent_id ${int} NOT NULL`,
      `flag ${text(20)} NOT NULL`,
      `count ${number}`,
      `last_seen ${counter}`,
      'PRIMARY KEY (user_id, torrent_id, flag)',
    ]),
    table('snatches', [
      `user_id ${int} NOT NULL`,
      `torrent_id ${int} NOT NULL`,
      `snatched_at ${bigint} NOT NULL`,
      `address ${text(45)} NOT NULL DEFAULT ''`,
      'PRIMARY KEY (user_id, torrent_id, snatched_at)',
    ]),
    `CREATE INDEX chihaya_sessions_last_seen ON chihaya_sessions (last_seen)`,
  ]
}

function table(name: string, columns: readonly string[]): string {
  return `CREATE TABLE chihaya_${name} (${columns.join(', ')})`
}

/** The tables that are there before any version. */
export function bootstrap(dialect: Dialect): string[] {
  const { bytes, bigint, int } = WORDS[dialect]
  return [
    `CREATE TABLE IF NOT EXISTS chihaya_cursor (source ${bytes(16)} NOT NULL PRIMARY KEY, seq ${bigint} NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS chihaya_schema_version (version ${int} NOT NULL PRIMARY KEY)`,
  ]
}

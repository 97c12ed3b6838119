import { writeWords, KeyedHash } from '@chihaya/bittorrent'
import { expect, test } from 'vitest'
import { Registry } from '../src/registry/registry.ts'
import { RegistryError, type User } from '../src/registry/user.ts'
import { infoHash } from './site.ts'

const KEY = 'abcdefghijklmnop'

function registry(): Registry {
  return new Registry(new KeyedHash(1, 2))
}

function findTorrent({ torrents }: Registry, id: number): number {
  const words = new Uint32Array(5)
  writeWords(infoHash(id), words)
  const record = torrents.findByInfoHash(words)
  return record === 0 ? 0 : torrents.id(record)
}

/** The key that a registry blames. */
function blamed(put: () => unknown): string {
  try {
    put()
  } catch (error) {
    if (error instanceof RegistryError) return error.key
    throw error
  }
  return ''
}

test('a user is found by passkey and by id, with what was said and the defaults', () => {
  const { users } = registry()
  users.put({ id: 7, passkey: KEY, slots: 3, upPercent: 150 })
  const user = users.findByPasskey(KEY)
  expect(user).toBe(users.find(7))
  expect(users.describe(user)).toEqual({
    id: 7,
    enabled: true,
    mayLeech: true,
    hidden: false,
    free: false,
    slots: 3,
    peersPerTorrent: 0,
    upPercent: 150,
    downPercent: 100,
  })
})

test('passkeys of 16 to 64 characters are told apart, however long', () => {
  const { users } = registry()
  const passkeys = [16, 17, 32, 33, 63, 64].map((length) => 'k'.repeat(length))
  for (const [index, passkey] of passkeys.entries()) users.put({ id: index + 1, passkey })
  expect(passkeys.map((passkey) => users.id(users.findByPasskey(passkey)))).toEqual([
    1, 2, 3, 4, 5, 6,
  ])
  expect(users.findByPasskey('k'.repeat(18))).toBe(0)
})

test('a passkey that changes is found by the new one alone', () => {
  const { users } = registry()
  const record = users.put({ id: 1, passkey: KEY })
  expect(users.put({ id: 1, passkey: `${KEY}2` })).toBe(record)
  expect(users.findByPasskey(KEY)).toBe(0)
  expect(users.findByPasskey(`${KEY}2`)).toBe(record)
})

test('a user with another’s passkey is refused, and nothing changes', () => {
  const { users } = registry()
  users.put({ id: 1, passkey: KEY })
  users.put({ id: 2, passkey: `${KEY}2` })
  expect(blamed(() => users.put({ id: 2, passkey: KEY }))).toBe('passkey')
  expect(users.id(users.findByPasskey(KEY))).toBe(1)
  expect(users.id(users.findByPasskey(`${KEY}2`))).toBe(2)
})

test('a removed user is found no more, and its place is used again', () => {
  const { users } = registry()
  const record = users.put({ id: 1, passkey: KEY })
  users.remove(record)
  expect(users.find(1)).toBe(0)
  expect(users.findByPasskey(KEY)).toBe(0)
  expect(users.size).toBe(0)
  expect(users.put({ id: 2, passkey: KEY })).toBe(record)
  expect([...users.records()]).toEqual([record])
})

test.each<[string, Partial<User>]>([
  ['id', { id: 0 }],
  ['id', { id: 2 ** 32 }],
  ['id', { id: 1.5 }],
  ['passkey', { passkey: 'short' }],
  ['passkey', { passkey: 'x'.repeat(65) }],
  ['passkey', { passkey: 'with a space, and so on' }],
  ['slots', { slots: -1 }],
  ['slots', { slots: 65_535 }],
  ['peersPerTorrent', { peersPerTorrent: 256 }],
  ['upPercent', { upPercent: 10_001 }],
  ['downPercent', { downPercent: Number.NaN }],
])('a user whose %s is out of range is refused: %o', (key, properties) => {
  expect(blamed(() => registry().users.put({ id: 1, passkey: KEY, ...properties }))).toBe(key)
})

test('a hybrid torrent is found by both infohashes, until it is removed', () => {
  const all = registry()
  const record = all.torrents.put({ id: 5, infoHash: infoHash(1), infoHashV2: infoHash(2) })
  expect([findTorrent(all, 1), findTorrent(all, 2)]).toEqual([5, 5])
  all.torrents.put({ id: 5, infoHash: infoHash(3), infoHashV2: infoHash(4) })
  expect([1, 2, 3, 4].map((id) => findTorrent(all, id))).toEqual([0, 0, 5, 5])
  all.torrents.remove(record)
  expect([3, 4].map((id) => findTorrent(all, id))).toEqual([0, 0])
})

test('a torrent with the infohash of another is refused, either one', () => {
  const { torrents } = registry()
  torrents.put({ id: 1, infoHash: infoHash(1), infoHashV2: infoHash(2) })
  expect(blamed(() => torrents.put({ id: 2, infoHash: infoHash(2) }))).toBe('infoHash')
  const second = { id: 2, infoHash: infoHash(3), infoHashV2: infoHash(1) }
  expect(blamed(() => torrents.put(second))).toBe('infoHashV2')
  expect(torrents.size).toBe(1)
})

test('an empty list of clients allows all; the longest prefix decides', () => {
  const { clients } = registry()
  expect(clients.allows('-TR4060-abcdefghijkl')).toBe(true)
  clients.put('-XX', false)
  expect(clients.allows('-XX0001-abcdefghijkl')).toBe(false)
  expect(clients.allows('-TR4060-abcdefghijkl')).toBe(true)
  clients.put('-TR', true)
  clients.put('-TR29', false)
  expect(clients.allows('-TR4060-abcdefghijkl')).toBe(true)
  expect(clients.allows('-TR2940-abcdefghijkl')).toBe(false)
  expect(clients.allows('-qB4500-abcdefghijkl')).toBe(false)
  clients.remove('-TR')
  expect(clients.allows('-qB4500-abcdefghijkl')).toBe(true)
})

test('tables take no more memory than they say', () => {
  const all = registry()
  const count = 50_000
  for (let id = 1; id <= count; id++) {
    all.users.put({ id, passkey: `${KEY}${id}` })
    all.torrents.put({ id, infoHash: infoHash(id) })
  }
  expect(all.users.bytes / count).toBeLessThan(96)
  expect(all.torrents.bytes / count).toBeLessThan(64)
})

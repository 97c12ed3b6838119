import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseNode, parseRedisUrl } from '../src/connection/redis-address.ts'

describe('a Redis URL', () => {
  test.each([
    ['redis://127.0.0.1:6379/0', { host: '127.0.0.1', port: 6379, db: 0, tls: false }],
    [
      'redis://myRedis@127.0.0.1:6380/2',
      { host: '127.0.0.1', port: 6380, password: 'myRedis', db: 2, tls: false },
    ],
    [
      'redis://:secret@redis.example',
      { host: 'redis.example', port: 6379, password: 'secret', db: 0, tls: false },
    ],
    [
      'rediss://us%3Aer:p%40ss%25@[2001:db8::1]/15',
      { host: '2001:db8::1', port: 6379, username: 'us:er', password: 'p@ss%', db: 15, tls: true },
    ],
    ['redis://h/', { host: 'h', port: 6379, db: 0, tls: false }],
    ['redis://50%@h', { host: 'h', port: 6379, password: '50%', db: 0, tls: false }],
  ])('%s', (text, expected) => {
    expect(parseRedisUrl(text)).toEqual({ username: undefined, password: undefined, ...expected })
  })

  test.each([
    '',
    'localhost:6379',
    'http://h',
    'redis://',
    'redis://h/one',
    'redis://h/1/2',
    'redis://h?db=1',
    'redis://h:x',
    'redis:h',
  ])('is not %j', (text) => {
    expect(parseRedisUrl(text)).toBeUndefined()
  })

  test('may contain any user and password', () => {
    const word = fc.string({ unit: 'binary', minLength: 1 })
    fc.assert(
      fc.property(word, word, fc.nat(15), (username, password, db) => {
        const url = `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@h/${db}`
        expect(parseRedisUrl(url)).toMatchObject({ username, password, db })
      }),
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 16_384 }), (text) => {
        expect(parseRedisUrl(text) ?? { host: 'none' }).toHaveProperty('host')
        expect(parseRedisUrl(`redis://${text}`) ?? { host: 'none' }).toHaveProperty('host')
      }),
    )
  })
})

describe('the address of a node', () => {
  test.each([
    ['192.0.2.1:7000', { host: '192.0.2.1', port: 7000 }],
    ['redis-1.example', { host: 'redis-1.example', port: 6379 }],
    ['[2001:db8::1]:7000', { host: '2001:db8::1', port: 7000 }],
    ['[::1]', { host: '::1', port: 6379 }],
  ])('%s', (text, expected) => {
    expect(parseNode(text, 6379)).toEqual(expected)
  })

  test.each([
    '',
    ':6379',
    'h:',
    'h:0',
    'h:65536',
    'h:x',
    '::1',
    'redis://h',
    'u:p@h',
    '[::1',
    'h:1:2',
  ])('is not %j', (text) => {
    expect(parseNode(text, 6379)).toBeUndefined()
  })

  test('is parsed from any text without an exception', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 16_384 }), (text) => {
        const node = parseNode(text, 6379)
        if (node) expect(text).toContain(node.host)
      }),
    )
  })
})

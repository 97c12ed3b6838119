import { parseOptions } from '@chihaya/core'
import { announceTo, sampleAnnounce } from '@chihaya/core/testing'
import {
  optionsSchema,
  redisStorage,
  type RedisPeerStore,
  type RedisStorageOptions,
} from '@chihaya/storage-redis'
import Fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { addressOf } from '../src/connection/redis-address.ts'
import { RedisServer } from './redis-server.ts'

const address = (options: RedisStorageOptions): ReturnType<typeof addressOf> =>
  addressOf(parseOptions('test', optionsSchema, options))

/** The error of a start with these options. */
async function problem(options: object): Promise<string> {
  await using app = Fastify()
  try {
    await app.register(redisStorage, options as RedisStorageOptions)
    return 'nothing'
  } catch (error) {
    return (error as Error).message
  }
}

describe('the address of Redis', () => {
  test('is on this host by default', () => {
    const node = { host: '127.0.0.1', port: 6379 }
    expect(address({})).toEqual({
      kind: 'single',
      nodes: [node],
      db: 0,
      description: '127.0.0.1:6379',
    })
  })

  test('may be Chihaya’s `redisBroker`, which is like `url`', () => {
    const said = { kind: 'single', password: 'secret', db: 3, description: 'redis.example:6380' }
    expect(address({ redisBroker: 'redis://secret@redis.example:6380/3' })).toMatchObject(said)
    expect(address({ url: 'redis://secret@redis.example:6380/3' })).toMatchObject(said)
  })

  test('may have its credentials in options', () => {
    expect(address({ url: 'rediss://[::1]', username: 'u', password: 'p', db: 4 })).toMatchObject({
      username: 'u',
      password: 'p',
      db: 4,
      tls: {},
      description: '[::1]:6379',
    })
    expect(address({ tls: { servername: 'redis' } }).tls).toEqual({ servername: 'redis' })
    expect(address({ tls: true }).tls).toEqual({})
  })

  test('may be a cluster, or have sentinels', () => {
    expect(address({ cluster: ['a', 'b:7000'] })).toMatchObject({
      kind: 'cluster',
      description: 'the cluster of a:6379, b:7000',
    })
    expect(address({ sentinel: { name: 'm', nodes: ['a'] }, db: 1 })).toMatchObject({
      kind: 'sentinel',
      db: 1,
      description: 'the master m of the sentinels a:26379',
    })
  })
})

describe('wrong options', () => {
  test.each([
    [
      { url: 'redis://a', cluster: ['b'] },
      /options has url and cluster, of which there can be one/,
    ],
    [{ redisBroker: 'http://hush-hush@h' }, /options\/redisBroker must be written like redis:/],
    [{ url: 'redis:///hush-hush' }, /options\/url must be written like redis:/],
    [{ url: 'hush-hush' }, /options\/url must be written like redis:/],
    [
      { cluster: ['a', 'u:hush-hush@b'] },
      /options\/cluster\/1 must be written like 192\.0\.2\.1:6379/,
    ],
    [{ cluster: ['a'], db: 1 }, /options\/db must be 0/],
    [
      { sentinel: { name: 'm', nodes: ['x:y'] } },
      /options\/sentinel\/nodes\/0 must be written like 192\.0\.2\.1:26379/,
    ],
    [
      { sentinel: { name: 'm', nodes: ['x'], password: 5 } },
      /options\/sentinel\/password must be string$/,
    ],
    [{ password: ['hush-hush'] }, /options\/password must be string$/],
    [{ keyPrefix: '{a}' }, /options\/keyPrefix must be written like chihaya:/],
    [{ tlsCaPath: '/nowhere/ca.pem' }, /cannot read \/nowhere\/ca\.pem: ENOENT/],
    [{ client: {} }, /options\/client must be a Redis or Cluster of ioredis/],
    [{ fallback: 'disk' }, /options\/fallback must be one of none, memory/],
    [{ families: 'unified' }, /options\/families must be one of separate, got "unified"/],
    [{ maxPeers: 10, maxSwarms: 5 }, /options has no key maxPeers; options has no key maxSwarms/],
    [{ maxPeersPerSource: 2 }, /options has no key maxPeersPerSource/],
    [{ newSwarmsPerSource: { burst: 5 } }, /options\/newSwarmsPerSource must have.*perMinute/],
    [{ redisReadTimeout: 'soon' }, /options\/redisReadTimeout/],
  ])('%j', async (options, message) => {
    const said = await problem(options)
    expect(said).toMatch(message)
    expect(said).not.toContain('hush-hush')
  })
})

test('the options of Chihaya’s files are accepted, where 0 means the default timeout', async () => {
  const server = await RedisServer.start('--requirepass', 'pass')
  onTestFinished(() => server.stop())
  await using app = Fastify()
  await app.register(redisStorage, {
    gcInterval: '3m',
    peerLifetime: '31m',
    prometheusReportingInterval: '1s',
    redisBroker: `redis://pass@127.0.0.1:${server.port}/1`,
    redisReadTimeout: 0,
    redisWriteTimeout: '15s',
    redisConnectTimeout: '15s',
  })
  await app.ready()
  const store = app.peerStore as RedisPeerStore
  expect(await announceTo(store, sampleAnnounce())).toMatchObject({ incomplete: 1 })
  const keys = await server.as((admin) => admin.keys('*4'), { password: 'pass', db: 1 })
  expect(keys).toHaveLength(1)
  const lifetime = await server.as((admin) => admin.ttl(keys[0] ?? ''), { password: 'pass', db: 1 })
  expect(lifetime).toBeGreaterThan(31 * 60)
  expect(lifetime).toBeLessThanOrEqual(32 * 60)
})

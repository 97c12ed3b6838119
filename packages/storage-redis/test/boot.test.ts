import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { announceTo, sampleAnnounce } from '@chihaya/core/testing'
import { redisStorage, type RedisStorageOptions } from '@chihaya/storage-redis'
import Fastify, { type FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freePort, RedisServer } from './redis-server.ts'

const PASSWORD = 'correct horse/battery'

let server: RedisServer
let url: string
beforeAll(async () => {
  server = await RedisServer.start('--requirepass', PASSWORD)
  url = `redis://127.0.0.1:${server.port}`
})
afterAll(() => server.stop())

function appWithLog(): { app: FastifyInstance; log: () => string } {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk)
      done()
    },
  })
  const app = Fastify({ logger: { level: 'trace', stream } })
  onTestFinished(() => app.close())
  return { app, log: () => text }
}

/** The error with which a tracker with these options fails to start. */
async function failure(
  options: RedisStorageOptions,
): Promise<{ message: string; log: string; took: number }> {
  const { app, log } = appWithLog()
  await app.register(redisStorage, options)
  const began = performance.now()
  try {
    await app.ready()
  } catch (error) {
    app.log.fatal({ err: error }, 'it does not start')
    return { message: (error as Error).message, log: log(), took: performance.now() - began }
  }
  throw new Error('it started')
}

describe('a start', () => {
  test('fails and names the address if the port is closed', async () => {
    const port = await freePort()
    const { message } = await failure({
      url: `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`,
    })
    expect(message).toBe(
      `cannot use Redis at 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    )
  })

  test('fails within the connect timeout without an answer', async () => {
    const frozen = await RedisServer.start()
    onTestFinished(() => frozen.stop())
    frozen.freeze()
    const { message, took } = await failure({ url: frozen.url, redisConnectTimeout: '400ms' })
    expect(message).toMatch(/did not answer within 0\.4 s/)
    expect(took).toBeLessThan(5000)
  })

  test.each([
    [{ password: 'wrong horse' }, /WRONGPASS/],
    [{}, /NOAUTH/],
    [{ username: 'nobody', password: 'wrong horse' }, /WRONGPASS/],
    [{ password: PASSWORD, db: 99 }, /DB index is out of range/],
  ])('fails with %j, and keeps passwords to itself', async (login, reason) => {
    const { message, log } = await failure({ url, ...login })
    expect(message).toMatch(`cannot use Redis at 127.0.0.1:${server.port}`)
    expect(message).toMatch(reason)
    expect(message + log).not.toMatch(/horse/)
  })

  test('and everything after it leave no secret in the log', async () => {
    const own = await RedisServer.start('--requirepass', PASSWORD)
    onTestFinished(() => own.stop())
    const { app, log } = appWithLog()
    const broker = `redis://default:${encodeURIComponent(PASSWORD)}@127.0.0.1:${own.port}/0`
    await app.register(redisStorage, {
      redisBroker: broker,
      redisReadTimeout: 300,
      redisWriteTimeout: 300,
    })
    await app.ready()
    const announce = async (): Promise<unknown> => announceTo(app.peerStore, sampleAnnounce())
    await announce()
    own.freeze()
    await expect(announce()).rejects.toThrow('tracker is temporarily unavailable')
    own.thaw()
    await own.kill()
    await expect(announce()).rejects.toThrow('tracker is temporarily unavailable')
    await sleep(200)
    await app.close()
    expect(log()).toMatch(`Redis at 127.0.0.1:${own.port} fails`)
    expect(log()).not.toMatch(/horse|battery|%2F/)
  })
})

describe('an application’s client', () => {
  const options = (): object => ({
    port: server.port,
    host: '127.0.0.1',
    password: PASSWORD,
    keyPrefix: 'app:',
  })

  test('is used with its own options and prefix, and is left open', async () => {
    const client = new Redis(options())
    onTestFinished(() => client.disconnect())
    const { app } = appWithLog()
    await app.register(redisStorage, { client, keyPrefix: 'one[*]:', gcInterval: 0 })
    await app.ready()
    await announceTo(app.peerStore, sampleAnnounce())
    while ((await app.peerStore.stats()).swarms === 0) await sleep(50)
    await app.close()
    expect(client.status).toBe('ready')
    const keys = await server.as((admin) => admin.keys('app:one*'), { password: PASSWORD })
    expect(keys.length).toBeGreaterThan(2)
  })

  test('is closed if `closeClient` is set', async () => {
    const client = new Redis({ ...options(), lazyConnect: true })
    const { app } = appWithLog()
    await app.register(redisStorage, { client, closeClient: true })
    await app.ready()
    await app.close()
    while (client.status !== 'end') await sleep(10)
  })

  test('may still be connecting when the tracker starts, but must not have ended', async () => {
    const client = new Redis({ port: await freePort(), retryStrategy: () => 20 })
    client.on('error', () => {})
    onTestFinished(() => client.disconnect())
    const { message, log } = await failure({ client, redisConnectTimeout: '300ms' })
    expect(message).toMatch(/cannot use Redis at the application's client: .*ECONNREFUSED/)
    const ended = new Redis(options())
    await ended.quit()
    while (ended.status !== 'end') await sleep(10)
    expect((await failure({ client: ended })).message).toMatch(/cannot use Redis/)
    expect(log).not.toMatch(/horse/)
  })
})

test('two trackers with different prefixes share a Redis and no swarm', async () => {
  const { app } = appWithLog()
  for (const keyPrefix of ['one:', 'two:']) {
    await app.register(async (scope) => {
      await scope.register(redisStorage, { url, password: PASSWORD, keyPrefix })
      scope.addHook('onReady', async () => {
        expect((await announceTo(scope.peerStore, sampleAnnounce())).incomplete).toBe(1)
      })
    })
  }
  await app.ready()
})

test('TLS is used with a trusted certificate', async () => {
  const folder = server.folder
  const subject = [
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-days',
    '2',
  ]
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    ...subject,
    ...files,
  ])
  const port = await freePort()
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const tls = [
    '--tls-port',
    String(port),
    '--tls-cert-file',
    cert,
    '--tls-key-file',
    key,
    '--tls-ca-cert-file',
    cert,
  ]
  const secure = await RedisServer.start(...tls, '--tls-auth-clients', 'yes')
  onTestFinished(() => secure.stop())
  const { message } = await failure({ url: `rediss://127.0.0.1:${port}` })
  expect(message).toMatch(/self-signed certificate/)
  const { app } = appWithLog()
  await app.register(redisStorage, {
    url: `redis://127.0.0.1:${port}`,
    tlsCaPath: cert,
    tlsCertPath: cert,
    tlsKeyPath: key,
  })
  await app.ready()
  expect((await announceTo(app.peerStore, sampleAnnounce())).incomplete).toBe(1)
})

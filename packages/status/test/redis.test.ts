import { trackerCore } from '@chihaya/core'
import { redisStorage } from '@chihaya/storage-redis'
import { status } from '@chihaya/status'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../../storage-redis/test/redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await RedisServer.start('--requirepass', 'horse')
})
afterAll(() => server.stop())

interface Answer {
  readonly code: number
  readonly body: string
}

async function startApp(): Promise<{
  app: FastifyInstance
  get: (path: string) => Promise<Answer>
}> {
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(redisStorage, {
    url: `redis://:horse@127.0.0.1:${server.port}`,
    gcInterval: 0,
  })
  await app.register(trackerCore)
  await app.register(status, { stats: true })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const get = async (path: string): Promise<Answer> => {
    const response = await fetch(`${origin}${path}`)
    return { code: response.status, body: await response.text() }
  }
  return { app, get }
}

test('a Redis that stops answering makes the tracker not ready, not unhealthy, and leaves a page without its figures', async () => {
  const { get } = await startApp()
  expect(await get('/readyz')).toEqual({
    code: 200,
    body: '{"status":"ready","checks":{"store":"ok"}}',
  })
  server.freeze()
  onTestFinished(() => server.thaw())
  let ready = await get('/readyz')
  while (ready.code === 200) ready = await get('/readyz')
  expect(ready).toEqual({
    code: 503,
    body: '{"status":"not ready","checks":{"store":"no answer in time"}}',
  })
  expect((await get('/healthz')).code).toBe(200)
  let page = await get('/stats')
  while (!page.body.includes('>unavailable<')) page = await get('/stats')
  expect(page.code).toBe(200)
  expect(page.body).toContain(
    'data-figure="store.totals.seeders" data-format="count" data-missing>unavailable<',
  )
  expect(page.body).toContain('data-figure="store.name" data-format="text">redis<')
  expect(page.body + ready.body).not.toMatch(/horse|127\.0\.0\.1/)

  server.thaw()
  while ((await get('/readyz')).code !== 200);
  while ((await get('/stats')).body.includes('>unavailable<'));
})

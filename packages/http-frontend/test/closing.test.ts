import { setTimeout as sleep } from 'node:timers/promises'
import core, { type Tracker } from '@chihaya/core'
import { httpFrontend, recommendedServerOptions } from '@chihaya/http-frontend'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { expect, test } from 'vitest'
import { announceTarget, modelStore } from './tracker-app.ts'

test('a middleware closes after the post hooks that use it', async () => {
  const app: FastifyInstance = Fastify(recommendedServerOptions)
  const queue: number[] = []
  const flushed: number[] = []
  const accounting = fp(async (fastify: FastifyInstance) => {
    const tracker = fastify.getDecorator<Tracker>('tracker')
    tracker.addHook('postAnnounce', async ({ port }) => {
      await sleep(20)
      queue.push(port)
    })
    fastify.addHook('onClose', async () => void flushed.push(...queue.splice(0)))
  })
  app.decorate('peerStore', modelStore())
  await app.register(core)
  await app.register(accounting)
  await app.register(httpFrontend)
  const ports = [1001, 1002, 1003, 1004, 1005]
  await Promise.all(ports.map((port) => app.inject(announceTarget({ port: String(port) }))))
  await app.close()
  expect(flushed.toSorted((one, other) => one - other)).toEqual(ports)
  expect(queue).toEqual([])
})

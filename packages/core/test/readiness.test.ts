import {
  Readiness,
  readinessOf,
  trackerCore,
  type PeerStore,
  type ReadinessAnswer,
} from '@chihaya/core'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, onTestFinished, test } from 'vitest'
import { modelStore, storeWith } from './setup.ts'

const storage = fp(
  async (fastify: FastifyInstance, { store = modelStore() }: { store?: PeerStore }) => {
    fastify.decorate('peerStore', store)
  },
)

function readinessWithLog(): { readiness: Readiness; errors: object[] } {
  const errors: object[] = []
  return {
    readiness: new Readiness(
      { error: (details) => void errors.push(details) },
      { maxAge: 0, timeout: 20 },
    ),
    errors,
  }
}

describe('readiness', () => {
  test('combines all checks by name', async () => {
    const { readiness } = readinessWithLog()
    expect(await readiness.report()).toEqual({ ready: true, status: 'ready', checks: {} })
    let answer: ReadinessAnswer = true
    readiness.add('store', () => answer)
    readiness.add('keys', async () => ({ remark: 'they are old' }))
    expect(await readiness.report()).toEqual({
      ready: true,
      status: 'ready',
      checks: { store: 'ok', keys: 'ok: they are old' },
    })
    answer = 'it is away'
    expect(await readiness.report()).toEqual({
      ready: false,
      status: 'not ready',
      checks: { store: 'it is away', keys: 'ok: they are old' },
    })
    readiness.close()
    expect(await readiness.report()).toMatchObject({ ready: false, status: 'closing' })
  })

  test('distinguishes checks of the same name', async () => {
    const { readiness } = readinessWithLog()
    for (const name of ['store', 'store', '__proto__', 'store']) readiness.add(name, () => true)
    expect(Object.keys((await readiness.report()).checks)).toEqual([
      'store',
      'store 2',
      '__proto__',
      'store 3',
    ])
  })

  test('says in fixed words that a check throws, and logs why once until it answers', async () => {
    const { readiness, errors } = readinessWithLog()
    let broken = true
    readiness.add('store', () => {
      if (broken) throw new Error('connect to secret@10.0.0.1')
      return true
    })
    for (let round = 0; round < 2; round++) {
      expect(await readiness.report()).toMatchObject({
        ready: false,
        checks: { store: 'the check failed' },
      })
    }
    expect(errors).toMatchObject([
      { check: 'store', err: { message: 'connect to secret@10.0.0.1' } },
    ])
    broken = false
    expect(await readiness.report()).toMatchObject({ ready: true })
    broken = true
    await readiness.report()
    expect(errors).toHaveLength(2)
  })

  test('does not wait for a check that hangs', async () => {
    const { readiness, errors } = readinessWithLog()
    readiness.add('store', () => new Promise(() => undefined))
    expect(await readiness.report()).toMatchObject({
      ready: false,
      checks: { store: 'no answer in time' },
    })
    expect(errors).toEqual([])
  })
})

describe('the readiness of an application', () => {
  function createApp(): FastifyInstance {
    const app = Fastify()
    onTestFinished(() => app.close())
    return app
  }

  test('includes the stores of all scopes, and stores without a check are ready', async () => {
    const app = createApp()
    for (const store of [modelStore(), storeWith({ readiness: () => 'it is full' })]) {
      app.register(async (scope) => {
        await scope.register(storage, { store })
        await scope.register(trackerCore)
        expect(readinessOf(scope)).toBe(readinessOf(app))
      })
    }
    await app.ready()
    expect(await readinessOf(app).report()).toEqual({
      ready: false,
      status: 'not ready',
      checks: { store: 'ok', 'store 2': 'it is full' },
    })
    expect(readinessOf(createApp())).not.toBe(readinessOf(app))
  })

  test('ends before frontends drain', async () => {
    const app = createApp()
    const statuses: string[] = []
    const look = async (): Promise<void> =>
      void statuses.push((await readinessOf(app).report()).status)
    await app.register(storage)
    await app.register(trackerCore)
    await app.register(async (frontend) => {
      frontend.addHook('onReady', look)
      frontend.addHook('preClose', look)
    })
    app.addHook('preClose', look)
    await app.ready()
    await app.close()
    expect(statuses).toEqual(['ready', 'closing', 'closing'])
  })
})

import core, { trackerCore, type CoreOptions, type PeerStore, type Tracker } from '@chihaya/core'
import { announceTo, endpoints, sampleAnnounce } from '@chihaya/core/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, onTestFinished, test } from 'vitest'
import { modelStore, nextTurns } from './setup.ts'

const storage = fp(
  async (fastify: FastifyInstance, { store = modelStore() }: { store?: PeerStore }) => {
    fastify.decorate('peerStore', store)
  },
)

function createApp(): FastifyInstance {
  const app = Fastify()
  onTestFinished(() => app.close())
  return app
}

/** Leaves the names of the hooks that ran in the warning of the answer. */
function sign(tracker: Tracker, name: string): void {
  tracker.addHook('preAnnounce', (_request, response) => {
    response.warning = response.warning === undefined ? name : `${response.warning}, ${name}`
  })
}

async function signatures(tracker: Tracker): Promise<string | undefined> {
  return (await announceTo(tracker, sampleAnnounce())).warning
}

/** The trackers of scopes that `build` makes, once the application is ready. */
async function ready(
  build: (app: FastifyInstance, trackers: Record<string, Tracker>) => void,
): Promise<Record<string, Tracker>> {
  const app = createApp()
  const trackers: Record<string, Tracker> = {}
  build(app, trackers)
  await app.ready()
  return trackers
}

describe('the plugin', () => {
  test('is what the package is for', () => {
    expect(core).toBe(trackerCore)
  })

  test('decorates the application with a tracker of its options', async () => {
    const app = createApp()
    const options: CoreOptions & { prefix: string } = {
      announceInterval: '10m',
      prefix: '/tracker',
    }
    await app.register(storage).register(trackerCore, options)
    expect(await announceTo(app.tracker, sampleAnnounce())).toMatchObject({
      interval: 600,
      minInterval: 600,
      incomplete: 1,
    })
  })

  test('reports missing storage by its name', async () => {
    const app = createApp()
    await expect(async () => app.register(trackerCore)).rejects.toMatchObject({
      code: 'FST_ERR_PLUGIN_NOT_PRESENT_IN_INSTANCE',
      message: "The decorator 'peerStore' required by '@chihaya/core' is not present in Fastify",
    })
  })

  test('can be depended on by its name', async () => {
    const app = createApp()
    const middleware = fp(async () => undefined, {
      name: 'middleware',
      dependencies: ['@chihaya/core'],
    })
    await app.register(storage).register(trackerCore).register(middleware)
    expect(app.hasPlugin('@chihaya/core')).toBe(true)
  })

  test('refuses wrong options when the application boots', async () => {
    const app = createApp()
    app.register(storage).register(trackerCore, { announceInterval: 'soon' })
    await expect(app.ready()).rejects.toMatchObject({ code: 'TRK_ERR_OPTIONS' })
  })

  test('refuses a second tracker in one scope', async () => {
    const app = createApp()
    app.register(storage).register(trackerCore).register(trackerCore)
    await expect(app.ready()).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' })
  })

  test('refuses hooks once the application is ready, in every scope', async () => {
    const { root, scope } = await ready((app, trackers) => {
      app.register(storage).register(trackerCore)
      app.register(async (child) => void (trackers['scope'] = child.tracker))
      app.after(() => void (trackers['root'] = app.tracker))
    })
    for (const tracker of [root, scope]) {
      expect(() => tracker?.addHook('preAnnounce', () => undefined)).toThrow(
        expect.objectContaining({ code: 'TRK_ERR_STARTED' }),
      )
    }
  })
})

describe('scopes', () => {
  test('share a store and have separate hooks', async () => {
    const { root, open, closed } = (await ready((app, trackers) => {
      app.register(storage).register(trackerCore)
      app.after(() => sign((trackers['root'] = app.tracker), 'root'))
      app.register(async (scope) => sign((trackers['open'] = scope.tracker), 'open'))
      app.register(async (scope) => sign((trackers['closed'] = scope.tracker), 'closed'))
      app.after(() => sign(app.tracker, 'root, later'))
    })) as { root: Tracker; open: Tracker; closed: Tracker }
    expect(await signatures(root)).toBe('root, root, later')
    expect(await signatures(open)).toBe('root, open, root, later')
    expect(await signatures(closed)).toBe('root, closed, root, later')
    const { peers } = await announceTo(
      closed,
      sampleAnnounce({ port: 7000, peerId: sampleAnnounce().peerId.replace('1', '2') as never }),
    )
    expect(endpoints(peers)).toEqual(['10.0.0.1:6881'])
  })

  test('of scopes have the hooks of all above them', async () => {
    const { inner } = (await ready((app, trackers) => {
      app.register(storage).register(trackerCore)
      app.register(async (outer) => {
        sign(outer.tracker, 'outer')
        outer.register(async (scope) => sign((trackers['inner'] = scope.tracker), 'inner'))
      })
    })) as { inner: Tracker }
    expect(await signatures(inner)).toBe('outer, inner')
  })

  test('side by side can each have a tracker and a store', async () => {
    const trackers = (await ready((app, found) => {
      for (const [name, announceInterval] of [
        ['one', '10m'],
        ['two', '20m'],
      ] as const) {
        app.register(async (scope) => {
          await scope.register(storage).register(trackerCore, { announceInterval })
          sign((found[name] = scope.tracker), name)
        })
      }
    })) as { one: Tracker; two: Tracker }
    expect(await announceTo(trackers.one, sampleAnnounce({ port: 1001 }))).toMatchObject({
      interval: 600,
      incomplete: 1,
      warning: 'one',
    })
    expect(await announceTo(trackers.two, sampleAnnounce({ port: 1002 }))).toMatchObject({
      interval: 1200,
      incomplete: 1,
      warning: 'two',
    })
  })

  test('can have a tracker below a scope with another one', async () => {
    const trackers = (await ready((app, found) => {
      app.register(storage).register(trackerCore)
      app.after(() => sign((found['root'] = app.tracker), 'root'))
      app.register(async (scope) => {
        await scope.register(storage).register(trackerCore, { announceInterval: '10m' })
        sign((found['own'] = scope.tracker), 'own')
        scope.register(async (inner) => sign((found['inner'] = inner.tracker), 'inner'))
      })
    })) as { root: Tracker; own: Tracker; inner: Tracker }
    expect(await announceTo(trackers.root, sampleAnnounce({ port: 1001 }))).toMatchObject({
      interval: 1800,
      incomplete: 1,
      warning: 'root',
    })
    expect(await announceTo(trackers.own, sampleAnnounce({ port: 1002 }))).toMatchObject({
      interval: 600,
      incomplete: 1,
      warning: 'own',
    })
    expect(await announceTo(trackers.inner, sampleAnnounce({ port: 1003 }))).toMatchObject({
      incomplete: 2,
      warning: 'own, inner',
    })
  })

  test('cannot have two trackers', async () => {
    const app = createApp()
    app.register(storage).register(trackerCore)
    app.register(async (scope) => {
      scope.register(trackerCore).register(trackerCore)
    })
    await expect(app.ready()).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' })
  })
})

describe('a reply over HTTP', () => {
  test('does not wait for post hooks, and closing does', async () => {
    const app = createApp()
    await app.register(storage).register(trackerCore)
    let release: (() => void) | undefined
    let done = false
    app.tracker.addHook('postAnnounce', async () => {
      await new Promise<void>((resolve) => (release = resolve))
      await nextTurns()
      done = true
    })
    app.get('/', async () => ({
      incomplete: (await announceTo(app.tracker, sampleAnnounce())).incomplete,
    }))
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const response = await fetch(url, { headers: { connection: 'close' } })
    expect(await response.json()).toEqual({ incomplete: 1 })
    await nextTurns()
    expect(done).toBe(false)
    release?.()
    await app.close()
    expect(done).toBe(true)
  })

  test('that a hook refuses, or that fails, is an error of the announce only', async () => {
    const app = createApp()
    await app.register(storage).register(trackerCore)
    app.tracker.addHook('preAnnounce', ({ port }) => {
      if (port === 1) throw new Error('fault')
    })
    app.get<{ Params: { port: string } }>('/:port', async ({ params }) =>
      announceTo(app.tracker, sampleAnnounce({ port: Number(params.port) })),
    )
    expect((await app.inject('/1')).statusCode).toBe(500)
    expect((await app.inject('/1001')).json()).toMatchObject({ incomplete: 1 })
  })
})

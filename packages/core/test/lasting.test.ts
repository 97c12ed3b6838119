import {
  handOver,
  lasting,
  LastingObjects,
  trackerCore,
  type Handover,
  type PeerStore,
} from '@chihaya/core'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, test } from 'vitest'
import { modelStore } from './setup.ts'

/** What a stranger's plugin keeps. */
class Users {
  readonly name: string
  closed = 0

  constructor(name = '') {
    this.name = name
  }
}

const events: string[] = []

/** A middleware that keeps users, asynchronously, and uses them when it closes. */
const middleware = fp(async (fastify: FastifyInstance, { url = 'one' }: { url?: string }) => {
  fastify.addHook(
    'onClose',
    async () => void events.push(`middleware closes, users ${users.closed}`),
  )
  const users = await lasting(fastify, 'users', {
    options: { url },
    create: async () => new Users(url),
    close: (value) => {
      value.closed++
      events.push(`users ${value.name} close`)
    },
  })
  if (!fastify.hasDecorator('users')) fastify.decorate('users', users)
  else fastify.decorate('otherUsers', users)
})

const storage = fp(async (fastify: FastifyInstance) => {
  fastify.decorate('peerStore', modelStore() as PeerStore)
  fastify.addHook('onClose', async () => void events.push('store closes'))
})

interface Run {
  readonly app: FastifyInstance
  readonly objects: LastingObjects
  readonly users: Users
}

async function start(previous?: Run, url?: string): Promise<Run> {
  const app = Fastify()
  const objects = new LastingObjects(previous?.objects)
  objects.lendTo(app)
  app.register(middleware, url === undefined ? {} : { url })
  await app.ready()
  return { app, objects, users: app.getDecorator<Users>('users') }
}

async function stop({ app, objects }: Run): Promise<void> {
  await app.close()
  await objects.close()
}

describe('an application without a supervisor', () => {
  test('closes its lasting objects after the middleware and before the store', async () => {
    events.length = 0
    const app = Fastify()
    app.register(storage)
    app.register(trackerCore)
    app.register(middleware)
    await app.ready()
    await app.close()
    expect(events).toEqual(['middleware closes, users 0', 'users one close', 'store closes'])
  })

  test('has an object for each registration of a plugin', async () => {
    const app = Fastify()
    app.register(middleware)
    app.register(middleware)
    await app.ready()
    const [one, other] = ['users', 'otherUsers'].map((name) => app.getDecorator<Users>(name))
    expect(one).not.toBe(other)
    await app.close()
    expect([one?.closed, other?.closed]).toEqual([1, 1])
  })

  test('commits a handover at once', async () => {
    const app = Fastify()
    let commits = 0
    const handover: Handover = { commit: async () => void commits++, cancel: async () => undefined }
    app.addHook('onReady', async () => handOver(app, handover))
    await app.ready()
    expect(commits).toBe(1)
    await app.close()
  })

  test('hands out nothing once it has closed', async () => {
    const app = Fastify()
    app.register(middleware)
    await app.close()
    const create = (): Users => new Users()
    expect(() => lasting(app, 'users', { create })).toThrow('users: the application has closed')
  })
})

describe('an application that takes over from another', () => {
  test('has its objects, which close once, with the last of them', async () => {
    const former = await start()
    await former.objects.takeOver()
    const next = await start(former)
    expect(next.users).toBe(former.users)
    await next.objects.takeOver()
    await stop(former)
    expect(next.users.closed).toBe(0)
    await stop(next)
    await next.objects.close()
    expect(next.users.closed).toBe(1)
  })

  test('leaves objects with other options behind', async () => {
    const former = await start()
    await former.objects.takeOver()
    const next = await start(former, 'two')
    expect([former.users.name, next.users.name]).toEqual(['one', 'two'])
    await next.objects.takeOver()
    expect(former.users.closed).toBe(0)
    await stop(former)
    expect([former.users.closed, next.users.closed]).toEqual([1, 0])
    await stop(next)
  })

  test('reports unused objects at once', async () => {
    const left: string[] = []
    const get = (objects: LastingObjects, name: string): void =>
      void objects.get(name, {
        create: () => name,
        leave: (value) => void left.push(`${value} is left`),
        close: (value) => void left.push(`${value} closes`),
      })
    const former = new LastingObjects()
    for (const name of ['sockets', 'users']) get(former, name)
    await former.takeOver()
    const next = new LastingObjects(former)
    get(next, 'users')
    const complete = next.takeOver()
    expect(left).toEqual(['sockets is left'])
    await complete
    await former.close()
    expect(left).toEqual(['sockets is left', 'sockets closes'])
    await next.close()
    expect(left.at(-1)).toBe('users closes')
  })

  test('changes nothing if it fails', async () => {
    const former = await start()
    await former.objects.takeOver()
    const next = await start(former)
    let cancelled = 0
    await handOver(next.app, {
      commit: async () => expect.unreachable(),
      cancel: async () => void cancelled++,
    })
    const own = lasting(next.app, 'more users', {
      create: () => new Users(),
      close: (value) => void value.closed++,
    })
    await stop(next)
    expect([cancelled, own.closed, former.users.closed]).toEqual([1, 1, 0])
    await stop(former)
    expect(former.users.closed).toBe(1)
  })

  test('commits all handovers in one turn, and waits for the old sides', async () => {
    const { app, objects } = await start()
    const order: string[] = []
    for (const name of ['http', 'udp']) {
      await handOver(app, {
        commit: async () => {
          order.push(name)
          await Promise.resolve()
          order.push(`${name} left`)
        },
        cancel: async () => undefined,
      })
    }
    const complete = objects.takeOver()
    expect(order).toEqual(['http', 'udp'])
    await complete
    expect(order).toEqual(['http', 'udp', 'http left', 'udp left'])
    await stop({ app, objects } as Run)
  })
})

describe('lasting objects', () => {
  test('close in reverse order of creation, regardless of who used them first', async () => {
    const closed: string[] = []
    const get = (objects: LastingObjects, name: string): void =>
      void objects.get(name, { create: () => name, close: (value) => void closed.push(value) })
    const former = new LastingObjects()
    for (const name of ['store', 'meter', 'users']) get(former, name)
    await former.takeOver()
    const next = new LastingObjects(former)
    for (const name of ['users', 'store', 'meter']) get(next, name)
    await next.takeOver()
    await former.close()
    await next.close()
    expect(closed).toEqual(['users', 'meter', 'store'])
  })

  test('close even if others fail, and errors are reported', async () => {
    const objects = new LastingObjects()
    let closed = 0
    const fail = (): void => {
      throw new Error('stuck')
    }
    objects.get('first', { create: () => 1, close: () => void closed++ })
    objects.get('second', { create: () => 2, close: fail })
    await expect(objects.close()).rejects.toThrow('stuck')
    expect(closed).toBe(1)
  })

  test('close although a handover fails to be cancelled', async () => {
    const objects = new LastingObjects()
    let closed = 0
    objects.get('users', { create: () => 1, close: () => void closed++ })
    const cancel = async (): Promise<void> => Promise.reject(new Error('no cancel'))
    await objects.stage({ commit: async () => undefined, cancel })
    await expect(objects.close()).rejects.toThrow('no cancel')
    expect(closed).toBe(1)
  })

  test('that could not be created are not closed, and are created again', async () => {
    const objects = new LastingObjects()
    let attempts = 0
    const init = {
      create: async () => {
        if (attempts++ === 0) throw new Error('no database')
        return attempts
      },
      close: (value: number) => {
        expect(value).toBe(2)
      },
    }
    await expect(objects.get('users', init)).rejects.toThrow('no database')
    expect(await objects.get('users', init)).toBe(2)
    await objects.close()
    expect(attempts).toBe(2)
  })
})

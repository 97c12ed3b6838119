import { setTimeout as sleep } from 'node:timers/promises'
import {
  evictRefused,
  trackerCore,
  type CoreOptions,
  type EvictionRules,
  type PeerStore,
} from '@chihaya/core'
import { address } from '@chihaya/core/testing'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Eviction } from '../src/store/eviction.ts'
import { modelStore, storeWith } from './setup.ts'

const RULES: EvictionRules = { address: () => true }
const HOUR = 3_600_000

interface Watched {
  readonly eviction: Eviction
  readonly log: string[]
  /** Ends the oldest walk that is under way, having removed that many peers. */
  readonly end: (peers: number | Error) => void
  readonly walks: () => number
}

/** An eviction whose walks last until the test ends them. */
function watch(init: { readonly pause?: number; readonly secondWalk?: number } = {}): Watched {
  const pending: Array<(peers: number | Error) => void> = []
  const log: string[] = []
  let walks = 0
  const evict = (rules: EvictionRules): Promise<number> => {
    expect(rules).toBe(RULES)
    walks++
    return new Promise((resolve, reject) => {
      pending.push((peers) => (peers instanceof Error ? reject(peers) : resolve(peers)))
    })
  }
  const eviction = new Eviction({
    tracker: { evict },
    rules: RULES,
    middleware: 'a list',
    log: {
      info: (details, message) => void log.push(`${message}: ${JSON.stringify(details)}`),
      error: (details, message) =>
        void log.push(`${message}: ${(details as { err: Error }).err.message}`),
    },
    pause: 1,
    secondWalk: HOUR,
    ...init,
  })
  onTestFinished(() => {
    for (const end of pending) end(0)
    return eviction.close()
  })
  return { eviction, log, end: (peers) => pending.shift()?.(peers), walks: () => walks }
}

function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 20_000, interval: 5 })
}

describe('an eviction', () => {
  test('walks over the store once it has started, and says how many peers were removed', async () => {
    const { eviction, walks, log, end } = watch()
    eviction.start()
    await eventually(walks).toBe(1)
    end(3)
    await eventually(() => log).toEqual([
      'refused peers were removed from their swarms: {"middleware":"a list","peers":3}',
    ])
  })

  test('walks a second time later, as a former tracker may have taken a last announce', async () => {
    const { eviction, walks, log, end } = watch({ secondWalk: 20 })
    eviction.start()
    for (const count of [1, 2]) {
      // oxlint-disable-next-line no-await-in-loop
      await eventually(walks).toBe(count)
      end(0)
    }
    expect(log).toEqual([])
  })

  test('walks once at a time, and once more for all that was asked meanwhile', async () => {
    const { eviction, walks, end } = watch()
    eviction.start()
    await eventually(walks).toBe(1)
    for (let request = 0; request < 10; request++) eviction.request()
    await sleep(20)
    expect(walks()).toBe(1)
    end(0)
    await eventually(walks).toBe(2)
    end(0)
    await sleep(20)
    expect(walks()).toBe(2)
    eviction.request()
    await eventually(walks).toBe(3)
  })

  test('logs an error with its cause, and walks again on request', async () => {
    const { eviction, walks, log, end } = watch()
    eviction.start()
    await eventually(walks).toBe(1)
    end(new Error('connection lost'))
    await eventually(() => log).toEqual([
      'refused peers could not be removed from their swarms: connection lost',
    ])
    eviction.request()
    await eventually(walks).toBe(2)
  })

  test('does nothing before it has started', async () => {
    const { eviction, walks } = watch()
    eviction.request()
    await sleep(20)
    expect(walks()).toBe(0)
  })

  test('that is closed waits for its walk, and begins no other', async () => {
    const { eviction, walks, end } = watch({ secondWalk: 20 })
    eviction.start()
    await eventually(walks).toBe(1)
    eviction.request()
    let closed = false
    const closing = eviction.close().then(() => (closed = true))
    await sleep(20)
    expect(closed).toBe(false)
    end(0)
    await closing
    eviction.request()
    await sleep(40)
    expect(walks()).toBe(1)
  })

  test('that is closed before its first walk never walks', async () => {
    const { eviction, walks } = watch({ pause: HOUR })
    eviction.start()
    await eviction.close()
    expect(walks()).toBe(0)
  })
})

describe('an application', () => {
  /** One whose store remembers the rules by which it was told to remove peers. */
  function createApp(
    options: CoreOptions = {},
    store: Partial<PeerStore> = {},
  ): { app: FastifyInstance; rules: EvictionRules[] } {
    const rules: EvictionRules[] = []
    const evict = (each: EvictionRules): number => rules.push(each)
    const peerStore = storeWith({ evict, ...store }, modelStore())
    const app = Fastify()
    onTestFinished(() => app.close())
    app.register(
      fp(async (fastify: FastifyInstance) => void fastify.decorate('peerStore', peerStore)),
    )
    app.register(trackerCore, options)
    return { app, rules }
  }

  test('has refused peers removed when it is ready, when a list has changed, and on demand', async () => {
    const { app, rules } = createApp()
    await app.after()
    let changed = (): void => undefined
    const request = evictRefused(app, 'a list', RULES, [
      { onChange: (listener) => void (changed = listener) },
    ])
    await app.ready()
    expect(rules).toEqual([])
    for (const [count, ask] of [() => undefined, changed, request].entries()) {
      ask()
      // oxlint-disable-next-line no-await-in-loop
      await eventually(() => rules.length).toBe(count + 1)
    }
    expect(new Set(rules)).toEqual(new Set([RULES]))
  })

  test('leaves peers alone that a scope below refuses, as other scopes may take them', async () => {
    const { app, rules } = createApp()
    app.register(async (scope) => {
      const request = evictRefused(scope, 'a list', RULES)
      scope.addHook('onReady', async () => request())
    })
    app.register(async (scope) => {
      scope.register(trackerCore)
      scope.after(
        () => void evictRefused(scope, 'a list of a tracker of its own', { infoHash: () => true }),
      )
    })
    await app.ready()
    await eventually(() => rules.map((each) => Object.keys(each))).toEqual([['infoHash']])
  })

  test('keeps peers in a store that cannot remove them', async () => {
    const { app } = createApp({}, { evict: undefined as never })
    await app.after()
    evictRefused(app, 'a list', RULES)
    await app.ready()
    expect(await app.tracker.evict(RULES)).toBe(0)
  })

  test('removes peers at addresses that it now rejects', async () => {
    const { app, rules } = createApp({ rejectPrivatePeers: true })
    await app.ready()
    await eventually(() => rules.length).toBe(1)
    const refused = ['10.0.0.1', '9.9.9.9', '::1', '2606:4700::1'].map((text) =>
      rules[0]?.address?.(address(text)),
    )
    expect(refused).toEqual([true, false, true, false])
  })
})

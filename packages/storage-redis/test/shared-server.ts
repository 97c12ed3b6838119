import type { RedisPeerStore, RedisStorageOptions } from '@chihaya/storage-redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest'
import { RedisServer } from './redis-server.ts'
import { storeOnClock, storeWith, type Clock } from './stores.ts'

/**
 * A Redis that all tests of a file share, emptied before each, and an administrator's connection.
 */
export class SharedServer {
  #server: RedisServer | undefined
  #admin: Redis | undefined

  constructor() {
    beforeAll(async () => {
      this.#server = await RedisServer.start()
      this.#admin = new Redis(this.#server.port)
    })
    beforeEach(() => this.admin.flushall())
    afterAll(async () => {
      this.#admin?.disconnect()
      await this.#server?.stop()
    })
  }

  get admin(): Redis {
    return this.#admin as Redis
  }

  /** A store with its own connection, until the test ends. */
  async startStore(options: RedisStorageOptions = {}): Promise<RedisPeerStore> {
    const store = await storeWith({ url: this.#server?.url, ...options })
    onTestFinished(() => store.close())
    return store
  }

  /** A store with the test's clock and the administrator's connection, until the test ends. */
  startStoreOnClock(clock: Clock, options: RedisStorageOptions = {}): RedisPeerStore {
    const store = storeOnClock(this.admin, clock, options)
    onTestFinished(() => store.close())
    return store
  }
}

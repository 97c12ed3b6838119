import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { testPeerStore } from '@chihaya/core/testing'
import type { RedisStorageOptions } from '@chihaya/storage-redis'
import { RedisServer } from './redis-server.ts'
import { counted, storeOnClock } from './stores.ts'

let server: RedisServer
let client: Redis
beforeAll(async () => {
  server = await RedisServer.start()
  client = new Redis(server.port)
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

const variants: Array<[name: string, options: RedisStorageOptions]> = [
  ['the Redis store', {}],
  ['the Redis store without peer ids', { storePeerIds: false }],
]

for (const [name, options] of variants) {
  describe(name, () => {
    testPeerStore({
      test,
      createStore: async ({ peerLifetime }) => {
        await client.flushall()
        const clock = { now: 1_800_000_000 }
        const store = storeOnClock(client, clock, { ...options, peerLifetime })
        const advance = (milliseconds: number): void => {
          clock.now += milliseconds / 1000
        }
        return { store: counted(store), advance, close: () => store.close() }
      },
    })
  })
}

import { redisStorage } from './plugin.ts'

export type { NewSwarmRate } from '@chihaya/core'
export default redisStorage
export { redisStorage }
export { createStore } from './create-store.ts'
export { TRK_ERR_REDIS } from './connection/connect.ts'
export { UNAVAILABLE, type FaultKind } from './connection/faults.ts'
export type { LocalStore } from './fallback/local-store.ts'
export { optionsSchema, type RedisStorageOptions, type SentinelOptions } from './options.ts'
export {
  RedisPeerStore,
  type RedisPeerStoreInit,
  type RedisStoreMetrics,
} from './redis-peer-store.ts'

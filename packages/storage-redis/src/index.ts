import { redisStorage } from './plugin.ts'

export default redisStorage
export { redisStorage }
export { createStore } from './create-store.ts'
export { TRK_ERR_REDIS } from './connection/errors.ts'
export { UNAVAILABLE, type FaultKind } from './connection/faults.ts'
export type { StoreLog } from './connection/health.ts'
export type { LocalStore } from './fallback/local-store.ts'
export type { RedisStoreMetrics } from './metrics.ts'
export {
  optionsSchema,
  type NewSwarmRate,
  type RedisStorageOptions,
  type SentinelOptions,
} from './options.ts'
export { RedisPeerStore, type RedisPeerStoreInit } from './redis-peer-store.ts'
export type { Histogram } from './connection/round-trips.ts'

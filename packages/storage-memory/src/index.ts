import { memoryStorage } from './plugin.ts'

export type { NewSwarmRate } from '@chihaya/core'
export default memoryStorage
export { memoryStorage }
export { CoarseClock } from './expiry/coarse-clock.ts'
export { ExpiryTimer } from './expiry/expiry-timer.ts'
export { MemoryPeerStore } from './memory-peer-store.ts'
export { optionsSchema, type MemoryStorageOptions, type SubnetPreference } from './options.ts'

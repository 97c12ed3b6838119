export { ANNOUNCE } from './announce.ts'
export { EvictingStore } from './evicting-store.ts'
export { TestTracker, type Protocol } from './tracker.ts'

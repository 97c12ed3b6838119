export { ANNOUNCE } from './announce.ts'
export { TestTracker, type Protocol } from './tracker.ts'

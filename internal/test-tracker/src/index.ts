export { ANNOUNCE } from './announce.ts'
export { TestTracker, type Protocol } from './tracker.ts'
export { WsFrontend } from './ws-frontend.ts'

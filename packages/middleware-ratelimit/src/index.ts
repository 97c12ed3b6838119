import { rateLimit } from './plugin.ts'

export default rateLimit
export { rateLimit }
export { optionsSchema, type RateLimitOptions } from './options.ts'

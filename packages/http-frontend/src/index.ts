import { httpFrontend } from './plugin.ts'

export default httpFrontend
export { httpFrontend }
export { bencodedErrorHandler, bencodedNotFoundHandler } from './error-handlers.ts'
export { optionsSchema, type HttpFrontendOptions } from './options.ts'
export { recommendedServerOptions, type RecommendedServerOptions } from './server-options.ts'

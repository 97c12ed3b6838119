import { httpFrontend } from './plugin.ts'

export default httpFrontend
export { httpFrontend }
export { bencodedErrorHandler, bencodedNotFoundHandler } from './routes/error-handlers.ts'
export { optionsSchema, type HttpFrontendOptions } from './options.ts'
export { recommendedServerOptions, type RecommendedServerOptions } from './server/server-options.ts'

import { parseDuration, parseOptions, TRK_ERR_OPTIONS } from '@chihaya/core'
import { NAME } from './name.ts'
import { optionsSchema, type JwtApprovalOptions } from './options.ts'

const MIN_INTERVAL = 1000
const MAX_CLOCK_SKEW = 60_000

/** The options with their defaults, and durations in milliseconds. */
export interface Settings {
  readonly options: Required<JwtApprovalOptions>
  readonly updateInterval: number
  readonly minUpdateInterval: number
  readonly maxClockSkew: number
}

/** @throws TRK_ERR_OPTIONS for options that do not fit the schema, or durations out of bounds. */
export function readSettings(
  given: JwtApprovalOptions,
  log: { warn(details: object, message: string): void },
): Settings {
  const options = parseOptions(NAME, optionsSchema, given)
  const maxClockSkew = parseDuration(options.maxClockSkew)
  if (maxClockSkew > MAX_CLOCK_SKEW)
    throw new TRK_ERR_OPTIONS(NAME, 'options/maxClockSkew must be at most 1m')
  let updateInterval = parseDuration(options.jwkSetUpdateInterval)
  if (updateInterval === 0) {
    // Go's zero value: Chihaya's files mean the default by it, and Chihaya itself then fetched
    // without a pause.
    const byDefault = optionsSchema.properties.jwkSetUpdateInterval.default as string
    log.warn({ default: byDefault }, 'jwkSetUpdateInterval is 0, so its default applies')
    updateInterval = parseDuration(byDefault)
  }
  if (updateInterval < MIN_INTERVAL)
    throw new TRK_ERR_OPTIONS(NAME, 'options/jwkSetUpdateInterval must be at least 1s')
  const minUpdateInterval = parseDuration(options.jwkSetMinUpdateInterval)
  if (minUpdateInterval < MIN_INTERVAL)
    throw new TRK_ERR_OPTIONS(NAME, 'options/jwkSetMinUpdateInterval must be at least 1s')
  return { options, updateInterval, minUpdateInterval, maxClockSkew }
}

import {
  durationSchema,
  parseDuration,
  parseOptions,
  TRK_ERR_OPTIONS,
  type Duration,
  type JsonSchema,
  type Log,
  type OptionsSchema,
} from '@chihaya/core'
import { ALGORITHMS, type Algorithm } from './algorithm.ts'

export const NAME = '@chihaya/middleware-jwt'

/** A JSON Web Key Set (RFC 7517), or a single key. */
export type JwkSet = Readonly<Record<string, unknown>>

export interface JwtApprovalOptions {
  /** The issuer of the tokens: their `iss`. */
  issuer: string
  /** The audience of the tokens, which is this tracker: their `aud`, or one of them. */
  audience: string
  /**
   * URL of the issuer's public keys, as a JWK set. One of `jwkSetUrl`, `keys` and `keyFile` is
   * required.
   */
  jwkSetUrl?: string | undefined
  /** The public keys: a JWK set, or PEM text with one or more keys or certificates. */
  keys?: string | JwkSet | undefined
  /** A file with the public keys, as a JWK set or in PEM. */
  keyFile?: string | undefined
  /** Time between two updates of the keys from the URL or file. @default '5m' */
  jwkSetUpdateInterval?: Duration
  /** Minimum time between two updates because of tokens with unknown keys. @default '30s' */
  jwkSetMinUpdateInterval?: Duration
  /** Allow plain HTTP in `jwkSetUrl` beyond loopback addresses. @default false */
  allowHttp?: boolean
  /**
   * Start without keys if they are unavailable, and refuse all announces until they are. @default
   * false
   */
  startWithoutKeys?: boolean
  /** Accepted signature algorithms. @default ['RS256', 'ES256', 'EdDSA'] */
  algorithms?: Algorithm[]
  /**
   * Largest difference between the clocks of issuer and tracker, at most a minute. @default '30s'
   */
  maxClockSkew?: Duration
  /** The query or route parameter with the token. @default 'jwt' */
  parameter?: string
  /** The segment of the path with the token, if no parameter has it: 1 in `/TOKEN/announce`. */
  pathSegment?: number | undefined
  /** Accept the token in an `Authorization: Bearer` header if the URL has none. @default true */
  authorizationHeader?: boolean
  /**
   * Refuse scrapes without a token, and show only approved torrents. UDP scrapes carry no token.
   * @default false
   */
  protectScrape?: boolean
  /** Number of verified tokens that are cached. @default 20000 */
  cacheSize?: number
}

const text = (description: string): JsonSchema => ({ description, type: 'string', minLength: 1 })

const flag = (description: string, byDefault: boolean): JsonSchema => ({
  description,
  type: 'boolean',
  default: byDefault,
})

const defaultAlgorithms: readonly Algorithm[] = ['RS256', 'ES256', 'EdDSA']

export const optionsSchema: OptionsSchema<JwtApprovalOptions> = {
  type: 'object',
  additionalProperties: false,
  required: ['issuer', 'audience'],
  properties: {
    issuer: text('The issuer of the tokens: their `iss`.'),
    audience: text(
      'The audience of the tokens, which is this tracker: their `aud`, or one of them.',
    ),
    jwkSetUrl: {
      ...text(
        "URL of the issuer's public keys, as a JWK set (RFC 7517). One of jwkSetUrl, keys and keyFile is required.",
      ),
      pattern: '^https?://',
      examples: ['https://issuer.example/keys'],
    },
    keys: {
      description: 'The public keys: a JWK set, or PEM text with one or more keys or certificates.',
      type: ['string', 'object'],
      // Keeps a private key, given by mistake, out of errors.
      writeOnly: true,
    },
    keyFile: text('A file with the public keys, as a JWK set or in PEM.'),
    jwkSetUpdateInterval: durationSchema(
      'Time between two updates of the keys from the URL or file, at least a second.',
      '5m',
    ),
    jwkSetMinUpdateInterval: durationSchema(
      'Minimum time between updates because of unknown keys or after a failed update, at least a second.',
      '30s',
    ),
    allowHttp: flag('Allow plain HTTP in jwkSetUrl beyond loopback addresses.', false),
    startWithoutKeys: flag(
      'Start without keys if they are unavailable, and refuse all announces until they are.',
      false,
    ),
    algorithms: {
      description: 'Accepted signature algorithms.',
      type: 'array',
      items: { type: 'string', enum: ALGORITHMS },
      minItems: 1,
      default: defaultAlgorithms,
    },
    maxClockSkew: durationSchema(
      'Largest difference between the clocks of issuer and tracker, at most a minute.',
      '30s',
    ),
    parameter: {
      ...text('The query or route parameter with the token.'),
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      examples: ['jwt'],
      default: 'jwt',
    },
    pathSegment: {
      description:
        'The segment of the path with the token, if no parameter has it: 1 in /TOKEN/announce.',
      type: 'integer',
      minimum: 1,
    },
    authorizationHeader: flag(
      'Accept the token in an Authorization: Bearer header if the URL has none.',
      true,
    ),
    protectScrape: flag(
      'Refuse scrapes without a token, and show only approved torrents. UDP scrapes carry no token.',
      false,
    ),
    cacheSize: {
      description: 'Number of verified tokens that are cached.',
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      default: 20_000,
    },
  },
}

const MIN_INTERVAL = 1000
const MAX_CLOCK_SKEW = 60_000

/** The options with defaults, and with durations in milliseconds. */
export interface Settings {
  readonly options: Required<JwtApprovalOptions>
  readonly updateInterval: number
  readonly minUpdateInterval: number
  readonly maxClockSkew: number
}

/** @throws TRK_ERR_OPTIONS for options that violate the schema, and durations out of bounds. */
export function readSettings(given: JwtApprovalOptions, log: Pick<Log, 'warn'>): Settings {
  const options = parseOptions(NAME, optionsSchema, given)
  const maxClockSkew = parseDuration(options.maxClockSkew)
  if (maxClockSkew > MAX_CLOCK_SKEW)
    throw new TRK_ERR_OPTIONS(NAME, 'options/maxClockSkew must be at most 1m')
  let updateInterval = parseDuration(options.jwkSetUpdateInterval)
  if (updateInterval === 0) {
    // Go's zero value. Files for Chihaya mean the default, though Chihaya fetched without a pause.
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

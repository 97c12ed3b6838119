import { durationSchema, type Duration, type JsonSchema, type OptionsSchema } from '@chihaya/core'
import { ALGORITHMS, type Algorithm } from './algorithm.ts'

/** A JSON Web Key Set (RFC 7517), or one key of it. */
export type JwkSet = Readonly<Record<string, unknown>>

export interface JwtApprovalOptions {
  /** Who issues the tokens: their `iss`. */
  issuer: string
  /** Whom the tokens are for, which is this tracker: their `aud`, or one of them. */
  audience: string
  /**
   * Where the issuer's public keys are, as a JWK set (RFC 7517). One of `jwkSetUrl`, `keys` and `keyFile` is
   * needed.
   */
  jwkSetUrl?: string | undefined
  /** The public keys themselves: a JWK set, or PEM text with one or more keys or certificates. */
  keys?: string | JwkSet | undefined
  /** A file that holds the public keys, as a JWK set or in PEM. */
  keyFile?: string | undefined
  /** How often the keys are fetched, or the file is read, again. @default '5m' */
  jwkSetUpdateInterval?: Duration
  /**
   * Time between two updates beyond these, which tokens with an unknown key cause. @default '30s'
   */
  jwkSetMinUpdateInterval?: Duration
  /**
   * Let `jwkSetUrl` be plain HTTP, which is for loopback addresses alone otherwise. @default false
   */
  allowHttp?: boolean
  /**
   * Start although the keys cannot be had yet; until they can, every announce is refused. @default
   * false
   */
  startWithoutKeys?: boolean
  /** Signature algorithms that are accepted. @default ['RS256', 'ES256', 'EdDSA'] */
  algorithms?: Algorithm[]
  /** How far the clocks of issuer and tracker may differ, at most a minute. @default '30s' */
  maxClockSkew?: Duration
  /** The query parameter, or the route's, that holds the token. @default 'jwt' */
  parameter?: string
  /** Which segment of the path holds the token where no parameter does: 1 in `/TOKEN/announce`. */
  pathSegment?: number | undefined
  /** Take the token of an `Authorization: Bearer` header where the URL has none. @default true */
  authorizationHeader?: boolean
  /**
   * Refuse scrapes without a token, and show only what the token approves. UDP scrapes carry none.
   * @default false
   */
  protectScrape?: boolean
  /** Verified tokens that are remembered, so that they are verified once. @default 20000 */
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
    issuer: text('Who issues the tokens: their `iss`.'),
    audience: text('Whom the tokens are for, which is this tracker: their `aud`, or one of them.'),
    jwkSetUrl: {
      ...text(
        "Where the issuer's public keys are, as a JWK set (RFC 7517). One of jwkSetUrl, keys and keyFile is needed.",
      ),
      pattern: '^https?://',
      examples: ['https://issuer.example/keys'],
    },
    keys: {
      description:
        'The public keys themselves: a JWK set, or PEM text with one or more keys or certificates.',
      type: ['string', 'object'],
      // Who puts a private key here by mistake does not want to read it in an error.
      writeOnly: true,
    },
    keyFile: text('A file that holds the public keys, as a JWK set or in PEM.'),
    jwkSetUpdateInterval: durationSchema(
      'How often the keys are fetched, or the file is read, again; at least a second.',
      '5m',
    ),
    jwkSetMinUpdateInterval: durationSchema(
      'Time between two updates beyond these, which tokens with an unknown key and failed updates cause; at least a second.',
      '30s',
    ),
    allowHttp: flag(
      'Let jwkSetUrl be plain HTTP, which is for loopback addresses alone otherwise.',
      false,
    ),
    startWithoutKeys: flag(
      'Start although the keys cannot be had yet; until they can, every announce is refused.',
      false,
    ),
    algorithms: {
      description: 'Signature algorithms that are accepted.',
      type: 'array',
      items: { type: 'string', enum: ALGORITHMS },
      minItems: 1,
      default: defaultAlgorithms,
    },
    maxClockSkew: durationSchema(
      'How far the clocks of issuer and tracker may differ, at most a minute.',
      '30s',
    ),
    parameter: {
      ...text("The query parameter, or the route's, that holds the token."),
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      examples: ['jwt'],
      default: 'jwt',
    },
    pathSegment: {
      description:
        'Which segment of the path holds the token where no parameter does: 1 in /TOKEN/announce.',
      type: 'integer',
      minimum: 1,
    },
    authorizationHeader: flag(
      'Take the token of an Authorization: Bearer header where the URL has none.',
      true,
    ),
    protectScrape: flag(
      'Refuse scrapes without a token, and show only what the token approves. UDP scrapes carry none.',
      false,
    ),
    cacheSize: {
      description: 'Verified tokens that are remembered, so that they are verified once.',
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      default: 20_000,
    },
  },
}

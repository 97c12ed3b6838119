import { durationSchema, type Duration, type JsonSchema, type OptionsSchema } from '@chihaya/core'

export interface HttpFrontendOptions {
  /**
   * Paths of announces, with named (`/:passkey/announce`) and catch-all (`/announce/*rest`)
   * parameters. @default ['/announce']
   */
  announceRoutes?: string[]
  /**
   * Paths of scrapes, besides those that BEP 48 derives from the announce routes. An empty list
   * disables scraping. @default ['/scrape']
   */
  scrapeRoutes?: string[]
  /**
   * Keep connections open for further requests, within the server's `keepAliveTimeout`.
   * @default false
   */
  keepAlive?: boolean
  /** Peers in an answer if the client requests no number. @default 50 */
  defaultNumWant?: number
  /** Most peers in an answer. @default 100 */
  maxNumWant?: number
  /** Most infohashes in one scrape. @default 100 */
  maxScrapeInfoHashes?: number
  /**
   * Addresses and CIDR ranges that may scrape all swarms, without an infohash, if the store can
   * list them. Hooks do not run.
   * @default []
   */
  fullScrapeFrom?: string[]
  /** How long the answer to a scrape of all swarms is cached. @default '5m' */
  fullScrapeCacheTime?: Duration
  /**
   * Answer announces without `compact` with compact peers (BEP 23) instead of dictionaries (BEP 3).
   * @default true
   */
  compactDefault?: boolean
  /** Accept `;` as a separator of query parameters, like `&`. @default true */
  semicolonSeparators?: boolean
  /**
   * Sources that may announce another address in `ip`, `ipv4` or `ipv6`: none, loopback and private
   * addresses (`true`), or a list of addresses and CIDR ranges.
   * @default false
   */
  allowIpSpoofing?: boolean | string[]
  /**
   * Header in which a trusted proxy names its client, such as `x-forwarded-for`. Without it,
   * Fastify's `trustProxy` decides.
   */
  realIpHeader?: string | undefined
  /**
   * Addresses and CIDR ranges of proxies whose `realIpHeader` is trusted.
   * @default LOCAL_NETWORKS of @chihaya/bittorrent
   */
  trustedProxies?: string[] | undefined
  /**
   * Answer clients that announce no port or port 0 instead of refusing them. They are not stored,
   * as nobody can connect to them. @default false
   */
  allowUnconnectable?: boolean
  /**
   * Measure the duration of announces and scrapes, for the application's `requestMeter`.
   * @default false
   */
  requestTiming?: boolean
}

const count = (description: string, minimum: number, byDefault: number): JsonSchema => ({
  description,
  type: 'integer',
  minimum,
  default: byDefault,
})

const flag = (description: string, byDefault: boolean): JsonSchema => ({
  description,
  type: 'boolean',
  default: byDefault,
})

// Segments of plain characters, each with a named parameter at its end if any, then a catch-all.
const ROUTE = "^(/[A-Za-z0-9._~!$&'+,=@-]*(:[A-Za-z_][A-Za-z0-9_]*)?)*(/\\*[A-Za-z0-9_]*)?$"

const routes = { type: 'array', items: { type: 'string', pattern: ROUTE, minLength: 1 } }

export const optionsSchema: OptionsSchema<HttpFrontendOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    announceRoutes: {
      description:
        "Paths of announces, with named (/:passkey/announce) and catch-all (/announce/*rest) parameters. Hooks read them with request.params.route('passkey'), and headers with request.params.header?.('authorization').",
      ...routes,
      minItems: 1,
      default: ['/announce'],
    },
    scrapeRoutes: {
      description:
        'Paths of scrapes, besides those that BEP 48 derives from the announce routes. An empty list disables scraping.',
      ...routes,
      default: ['/scrape'],
    },
    keepAlive: flag(
      'Keep connections open for further requests. Otherwise each answer closes its connection, as most clients request.',
      false,
    ),
    defaultNumWant: count('Peers in an answer if the client requests no number.', 0, 50),
    maxNumWant: count('Most peers in an answer.', 0, 100),
    maxScrapeInfoHashes: count(
      'Most infohashes in one scrape. The header of a request has room for about 200.',
      1,
      100,
    ),
    fullScrapeFrom: {
      description: 'Addresses and CIDR ranges that may scrape all swarms, without an infohash.',
      type: 'array',
      items: { type: 'string' },
      default: [],
    },
    fullScrapeCacheTime: durationSchema(
      'How long the answer to a scrape of all swarms is cached.',
      '5m',
    ),
    compactDefault: flag(
      'Answer announces without `compact` with compact peers instead of dictionaries.',
      true,
    ),
    semicolonSeparators: flag('Accept `;` as a separator of query parameters, like `&`.', true),
    allowIpSpoofing: {
      description:
        'Sources that may announce another address in ip, ipv4 or ipv6: none, loopback and private addresses (true), or these ranges. The first usable claim counts, in that order, and the last one of a repeated parameter.',
      type: ['boolean', 'array'],
      items: { type: 'string' },
      default: false,
    },
    realIpHeader: {
      description:
        'Header in which a trusted proxy names its client: x-forwarded-for, x-real-ip, cf-connecting-ip, or forwarded (RFC 7239).',
      type: 'string',
      pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
    },
    trustedProxies: {
      description:
        'Addresses and CIDR ranges of proxies whose realIpHeader is trusted. All of them must send it. By default loopback and private ones, where a source without the header is a client.',
      type: 'array',
      items: { type: 'string' },
    },
    allowUnconnectable: flag(
      'Answer clients that announce no port or port 0 instead of refusing them. They are not stored. A client that stops never needs a port.',
      false,
    ),
    requestTiming: flag('Measure the duration of announces and scrapes, for metrics.', false),
  },
}

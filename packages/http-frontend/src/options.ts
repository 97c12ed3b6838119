import { durationSchema, type Duration, type JsonSchema, type OptionsSchema } from '@chihaya/core'

export interface HttpFrontendOptions {
  /**
   * Paths of announces, with named (`/:passkey/announce`) and catch-all (`/announce/*rest`)
   * parameters. @default ['/announce']
   */
  announceRoutes?: string[]
  /**
   * Paths of scrapes beside those that BEP 48 derives from the announce routes; an empty list
   * switches scraping off. @default ['/scrape']
   */
  scrapeRoutes?: string[]
  /**
   * Leave connections open for further requests, within the server's `keepAliveTimeout`. @default
   * false
   */
  keepAlive?: boolean
  /** Peers in an answer to a client that asks for no number of them. @default 50 */
  defaultNumWant?: number
  /** Peers in an answer at most. @default 100 */
  maxNumWant?: number
  /** Infohashes in one scrape at most. @default 100 */
  maxScrapeInfoHashes?: number
  /**
   * Addresses and CIDR ranges whose scrapes without an infohash are answered with all swarms, if
   * the store can list them. Hooks are not asked.
   * @default []
   */
  fullScrapeFrom?: string[]
  /** How long such an answer is kept for others who ask. @default '5m' */
  fullScrapeCacheTime?: Duration
  /**
   * Whether an announce without `compact` is answered with compact peers (BEP 23) or with
   * dictionaries (BEP 3). @default true
   */
  compactDefault?: boolean
  /** Whether `;` separates query parameters as `&` does. @default true */
  semicolonSeparators?: boolean
  /**
   * Who may announce another address in `ip`, `ipv4` or `ipv6`: nobody, loopback and private
   * addresses (`true`), or a list of addresses and CIDR ranges.
   * @default false
   */
  allowIpSpoofing?: boolean | string[]
  /**
   * Header in which a trusted proxy names its client, such as `x-forwarded-for`. Without it
   * Fastify's `trustProxy` decides.
   */
  realIpHeader?: string | undefined
  /**
   * Addresses and CIDR ranges of the proxies whose `realIpHeader` is believed. @default
   * LOCAL_NETWORKS of @chihaya/bittorrent
   */
  trustedProxies?: string[] | undefined
  /**
   * Answer clients that announce no port or port 0, which nobody can connect to, instead of
   * refusing them; they are not stored. @default false
   */
  allowUnconnectable?: boolean
  /**
   * Take the time of every announce and scrape, for the application's `requestMeter`. @default
   * false
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

// Segments of plain characters, a named parameter at the end of any of them, and a catch-all as the
// last.
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
        'Paths of scrapes beside those that BEP 48 derives from the announce routes; an empty list switches scraping off.',
      ...routes,
      default: ['/scrape'],
    },
    keepAlive: flag(
      'Leave connections open for further requests. Otherwise every answer closes its connection, as most clients ask for.',
      false,
    ),
    defaultNumWant: count('Peers in an answer to a client that asks for no number of them.', 0, 50),
    maxNumWant: count('Peers in an answer at most.', 0, 100),
    maxScrapeInfoHashes: count(
      'Infohashes in one scrape at most. The header of a request has room for about 200.',
      1,
      100,
    ),
    fullScrapeFrom: {
      description:
        'Addresses and CIDR ranges whose scrapes without an infohash are answered with all swarms.',
      type: 'array',
      items: { type: 'string' },
      default: [],
    },
    fullScrapeCacheTime: durationSchema(
      'How long such an answer is kept for others who ask.',
      '5m',
    ),
    compactDefault: flag(
      'Answer an announce without `compact` with compact peers, not with dictionaries.',
      true,
    ),
    semicolonSeparators: flag('Separate query parameters by `;` as by `&`.', true),
    allowIpSpoofing: {
      description:
        'Who may announce another address in ip, ipv4 or ipv6: nobody, loopback and private addresses (true), or these ranges. The first usable claim counts, in that order, and the last of a repeated parameter.',
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
        'Addresses and CIDR ranges of the proxies whose realIpHeader is believed. All of them have to send it. By default loopback and private ones, where a source without the header is a client.',
      type: 'array',
      items: { type: 'string' },
    },
    allowUnconnectable: flag(
      'Answer clients that announce no port or port 0 instead of refusing them; they are not stored. A client that stops never needs a port.',
      false,
    ),
    requestTiming: flag('Measure every announce and scrape, for metrics.', false),
  },
}

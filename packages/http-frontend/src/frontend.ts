import { TRK_ERR_OPTIONS, parseOptions, type Tracker } from '@chihaya/core'
import { PeerAddress } from '@chihaya/core/http'
import type { QueryOptions } from '@chihaya/bittorrent'
import { FullScrape } from './scrape/full-scrape.ts'
import { optionsSchema, type HttpFrontendOptions } from './options.ts'
import type { RequestCounter } from './routes/request-counter.ts'
import { replyHeaders, type ReplyHeaders } from './routes/refusals.ts'

/** The state shared by all routes of one registration. */
export interface Frontend {
  readonly tracker: Tracker
  readonly options: Required<HttpFrontendOptions>
  readonly addresses: PeerAddress
  readonly headers: ReplyHeaders
  readonly announceQuery: QueryOptions
  readonly scrapeQuery: QueryOptions
  /** Scrapes of all swarms, if allowed for any network. */
  readonly fullScrape: FullScrape | undefined
  /** Set when the application is ready, if it counts requests. */
  counter: RequestCounter | undefined
}

const NAME = '@chihaya/http-frontend'

/** @throws TRK_ERR_OPTIONS naming the wrong options. */
export function createFrontend(tracker: Tracker, given: HttpFrontendOptions): Frontend {
  const options = parseOptions(NAME, optionsSchema, given)
  const semicolons = options.semicolonSeparators
  return {
    tracker,
    options,
    addresses: peerAddress(options),
    headers: replyHeaders(options.keepAlive),
    announceQuery: { maxInfoHashes: 1, semicolons },
    scrapeQuery: { maxInfoHashes: options.maxScrapeInfoHashes, semicolons },
    fullScrape: fullScrape(tracker, options),
    counter: undefined,
  }
}

function peerAddress(options: HttpFrontendOptions): PeerAddress {
  try {
    return new PeerAddress(options)
  } catch (error) {
    throw new TRK_ERR_OPTIONS(
      NAME,
      `options/trustedProxies or options/allowIpSpoofing: ${(error as RangeError).message}`,
    )
  }
}

function fullScrape(
  tracker: Tracker,
  options: Required<HttpFrontendOptions>,
): FullScrape | undefined {
  if (options.fullScrapeFrom.length === 0) return undefined
  try {
    return new FullScrape(options, () => tracker.swarms())
  } catch (error) {
    throw new TRK_ERR_OPTIONS(NAME, `options/fullScrapeFrom: ${(error as RangeError).message}`)
  }
}

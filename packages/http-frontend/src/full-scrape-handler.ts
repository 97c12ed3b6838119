import { addressFamily, type Address } from '@chihaya/bittorrent'
import { UNTIMED } from '@chihaya/core'
import { Readable } from 'node:stream'
import { failureOf, failureText } from './routes/error-handlers.ts'
import type { Frontend } from './frontend.ts'
import type { FullScrape } from './scrape/full-scrape.ts'
import { NO_INFO_HASH } from './announce/parse-announce.ts'
import { withoutBody, type Handler } from './routes/request-body.ts'

/**
 * The handler of scrapes without an infohash. The answer is written as fast as the client reads it.
 */
export function fullScrapeHandler(frontend: Frontend, fullScrape: FullScrape): Handler {
  return withoutBody(frontend, 'scrape', async (request, reply) => {
    const { counter } = frontend
    const begun = counter === undefined ? UNTIMED : counter.begin()
    reply.headers(frontend.headers)
    let address: Address | undefined
    try {
      // What a client claims to be opens nothing.
      address = frontend.addresses.requester(request)
      if (!fullScrape.allows(address)) throw NO_INFO_HASH
      const { length, body } = await fullScrape.answer(addressFamily(address))
      counter?.count(request, 'scrape', address, '', { length }, begun)
      return reply.sent
        ? undefined
        : reply.header('content-length', length).send(Readable.from(body, { objectMode: false }))
    } catch (error) {
      const body = failureOf(error, request.log)
      counter?.count(request, 'scrape', address, failureText(error), body, begun)
      return reply.sent ? undefined : reply.send(body)
    }
  })
}

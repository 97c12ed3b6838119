import http from 'node:http'
import https from 'node:https'
import type { InfoHash } from '@chihaya/bittorrent'
import { withDeadline } from '../deadline.ts'
import { InvalidAnswerError, TrackerFailure } from '../errors.ts'
import {
  DEFAULT_TIMEOUT,
  type ClientAnnounce,
  type ClientOptions,
  type ExchangeOptions,
  type ScrapeAnswer,
  type TrackerClient,
} from '../tracker-client.ts'
import {
  readAnnounceBody,
  readScrapeBody,
  type HttpAnnounceAnswer,
  type ReadOptions,
} from './answer.ts'
import { announceQuery, scrapeQuery, scrapeUrl } from './query.ts'

export type HttpClientOptions = ClientOptions & ReadOptions

/** Bytes of the longest answer: 1000 peers over IPv6 take 18 kB. */
const MAX_ANSWER = 1_048_576
const MAX_REDIRECTS = 5

/** A tracker behind an HTTP announce URL (BEP 3, 7, 23, 48). */
export class HttpTrackerClient implements TrackerClient {
  readonly #url: string
  readonly #options: HttpClientOptions
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  }

  /** @throws {TypeError} for a URL that is not HTTP's. */
  constructor(announceUrl: string, options: HttpClientOptions = {}) {
    if (!/^https?:\/\/[^/]/.test(announceUrl)) throw new TypeError('not the URL of an HTTP tracker')
    this.#url = announceUrl.split('#', 1)[0] as string
    this.#options = options
  }

  announce(announce: ClientAnnounce, options?: ExchangeOptions): Promise<HttpAnnounceAnswer> {
    const url = withQuery(this.#url, announceQuery(announce))
    return this.#ask(url, options, (body) => readAnnounceBody(body, this.#options))
  }

  /** @throws {RangeError} if the announce URL has no scrape URL (BEP 48). */
  async scrape(
    infoHashes: readonly InfoHash[],
    options?: ExchangeOptions,
  ): Promise<ScrapeAnswer[]> {
    const url = scrapeUrl(this.#url)
    if (url === undefined) throw new RangeError('the announce URL has no scrape URL by BEP 48')
    return this.#ask(withQuery(url, scrapeQuery(infoHashes)), options, (body) =>
      readScrapeBody(body, infoHashes, this.#options),
    )
  }

  async close(): Promise<void> {
    for (const agent of Object.values(this.#agents)) agent.destroy()
    await Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #ask<T>(url: string, options: ExchangeOptions = {}, read: (body: Buffer) => T): Promise<T> {
    const { timeout = DEFAULT_TIMEOUT } = this.#options
    return withDeadline(timeout, options.signal, async (deadline) => {
      const { status, body } = await this.#get(url, deadline)
      try {
        const answer = read(body)
        if (status === 200 || this.#options.lenient === true) return answer
      } catch (error) {
        // A refusal may come with any status.
        if (error instanceof TrackerFailure || status === 200) throw error
        throw new InvalidAnswerError(`HTTP status ${status}`, { cause: error })
      }
      throw new InvalidAnswerError(`HTTP status ${status}`)
    })
  }

  async #get(
    url: string,
    deadline: AbortSignal,
    redirects = MAX_REDIRECTS,
  ): Promise<{ readonly status: number; readonly body: Buffer }> {
    const response = await this.#request(url, deadline)
    const { statusCode: status = 0, headers } = response
    if (status >= 300 && status < 400 && headers.location !== undefined) {
      response.resume()
      if (redirects === 0) throw new InvalidAnswerError('too many redirects')
      const target = URL.canParse(headers.location, url) && new URL(headers.location, url)
      if (!target || !(target.protocol in this.#agents))
        throw new InvalidAnswerError('a redirect to a URL that is not HTTP')
      return this.#get(target.href, deadline, redirects - 1)
    }
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of response) {
      chunks.push(chunk as Buffer)
      length += (chunk as Buffer).length
      if (length > MAX_ANSWER)
        throw new InvalidAnswerError(`the answer is longer than ${MAX_ANSWER} bytes`)
    }
    return { status, body: Buffer.concat(chunks) }
  }

  #request(url: string, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { localAddress, family } = this.#options
    // Not through `new URL`, which would rewrite the bytes of path and query.
    const [, origin = '', target = ''] = /^(https?:\/\/[^/?]+)(.*)$/.exec(url) ?? []
    const isTls = origin.startsWith('https:')
    const options: https.RequestOptions = {
      agent: this.#agents[isTls ? 'https:' : 'http:'],
      path: target.startsWith('/') ? target : `/${target}`,
      signal,
      ...(localAddress !== undefined && { localAddress }),
      ...(family !== undefined && { family: family === 'ipv6' ? 6 : 4 }),
    }
    return new Promise((resolve, reject) => {
      const request = (isTls ? https : http).request(origin, options)
      request.on('response', resolve).on('error', (error: NodeJS.ErrnoException) => {
        // The tracker may close a kept connection while a request is on its way.
        if (request.reusedSocket && error.code === 'ECONNRESET') resolve(this.#request(url, signal))
        else reject(error)
      })
      request.end()
    })
  }
}

function withQuery(url: string, query: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${query}`
}

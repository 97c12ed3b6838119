import http from 'node:http'
import https from 'node:https'
import type { InfoHash } from '@chihaya/bittorrent'
import { readAnnounceBody, readScrapeBody, type HttpAnnounceAnswer } from './http-answer.ts'
import { announceQuery, scrapeQuery, scrapeUrl } from './http-query.ts'
import {
  DEFAULT_TIMEOUT,
  type ClientAnnounce,
  type ClientOptions,
  type ScrapeAnswer,
  type TrackerClient,
} from './tracker-client.ts'

/** A tracker behind an announce URL (BEP 3, BEP 48). */
export class HttpTrackerClient implements TrackerClient {
  readonly #url: string
  readonly #options: ClientOptions
  readonly #agent: http.Agent

  constructor(announceUrl: string, options: ClientOptions = {}) {
    this.#url = announceUrl
    this.#options = options
    // No limits on sockets: the caller decides how much to ask at once.
    this.#agent = new (announceUrl.startsWith('https:') ? https.Agent : http.Agent)({
      keepAlive: true,
    })
  }

  async announce(announce: ClientAnnounce): Promise<HttpAnnounceAnswer> {
    return readAnnounceBody(await this.get(withQuery(this.#url, announceQuery(announce))))
  }

  /** @throws {RangeError} when BEP 48 gives the announce URL no scrape. */
  async scrape(infoHashes: readonly InfoHash[]): Promise<ScrapeAnswer[]> {
    const url = scrapeUrl(this.#url)
    if (url === undefined) throw new RangeError(`${this.#url} has no scrape by BEP 48`)
    return readScrapeBody(await this.get(withQuery(url, scrapeQuery(infoHashes))), infoHashes)
  }

  /** The body behind any URL of the tracker. @throws {Error} unless the status is 200. */
  async get(url: string): Promise<Buffer> {
    const response = await this.#request(url)
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    if (response.statusCode !== 200)
      throw new Error(`the tracker answered HTTP ${response.statusCode}`)
    return Buffer.concat(chunks)
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    await Promise.resolve()
  }

  #request(url: string): Promise<http.IncomingMessage> {
    const { localAddress, timeout = DEFAULT_TIMEOUT } = this.#options
    // `new URL` would rewrite the path, and what is sent is the very thing under test.
    const [, origin, path] = /^(https?:\/\/[^/]+)(.*)$/.exec(url) ?? []
    if (origin === undefined) throw new TypeError(`${url} is no HTTP URL`)
    const { request } = origin.startsWith('https:') ? https : http
    return new Promise((resolve, reject) => {
      const options: http.RequestOptions = {
        agent: this.#agent,
        path: path ?? '/',
        signal: AbortSignal.timeout(timeout),
      }
      if (localAddress !== undefined) options.localAddress = localAddress
      request(origin, options).on('response', resolve).on('error', reject).end()
    })
  }
}

function withQuery(url: string, query: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${query}`
}

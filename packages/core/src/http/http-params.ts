import type { IncomingHttpHeaders } from 'node:http'
import { utf8, type Params, type Query } from '@chihaya/bittorrent'

/** The parameters of an HTTP request. */
export class HttpParams implements Params {
  readonly path: string
  readonly #query: Query
  readonly #route: Readonly<Record<string, string | undefined>>
  readonly #catchAll: string | undefined
  readonly #headers: IncomingHttpHeaders

  /**
   * @param path of the request target, possibly in absolute form
   * (`http://tracker.example/announce`)
   * @param route parameters as decoded by the router, the catch-all one as `*`
   * @param catchAll name of the catch-all parameter
   */
  constructor(
    path: string,
    query: Query,
    route: Readonly<Record<string, string | undefined>>,
    catchAll: string | undefined,
    headers: IncomingHttpHeaders,
  ) {
    this.path = path.startsWith('/') ? path : originForm(path)
    this.#query = query
    this.#route = route
    this.#catchAll = catchAll
    this.#headers = headers
  }

  get(name: string): string | undefined {
    return this.#query.get(name)
  }

  route(name: string): string | undefined {
    const key = name === this.#catchAll ? '*' : name
    const text = Object.hasOwn(this.#route, key) ? this.#route[key] : undefined
    return text === undefined ? undefined : utf8(text)
  }

  header(name: string): string | undefined {
    const value = Object.hasOwn(this.#headers, name) ? this.#headers[name] : undefined
    return typeof value === 'string' ? value : undefined
  }
}

function originForm(path: string): string {
  const scheme = path.indexOf('://')
  const slash = scheme < 0 ? -1 : path.indexOf('/', scheme + 3)
  return slash < 0 ? '/' : path.slice(slash)
}

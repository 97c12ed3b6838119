/** What a Redis URL says. */
export interface RedisUrl {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  readonly tls: boolean
}

const DEFAULT_PORT = 6379
const PATH = /^\/?$|^\/(\d{1,9})\/?$/

/**
 * Reads `redis[s]://[[user]:password@]host[:port][/db]`, where a lone word before the `@` is a
 * password, as Chihaya has it. Words are percent-decoded. Undefined when it is none: a caller's
 * message must not hold it, as there may be a password in it.
 */
export function parseRedisUrl(text: string): RedisUrl | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const path = PATH.exec(url.pathname)
  if ((url.protocol !== 'redis:' && url.protocol !== 'rediss:') || url.hostname === '' || !path)
    return undefined
  if (url.search !== '' || url.hash !== '') return undefined
  // A password without a user: the URL has a colon before it, or it has none and the word stands
  // where a user does.
  const lone = url.password === ''
  return {
    host: url.hostname.replace(/^\[(.+)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    username: lone ? undefined : decode(url.username),
    password: decode(lone ? url.username : url.password),
    db: Number(path[1] ?? 0),
    tls: url.protocol === 'rediss:',
  }
}

function decode(word: string): string | undefined {
  if (word === '') return undefined
  try {
    return decodeURIComponent(word)
  } catch {
    return word
  }
}

/** Reads `host:port`, `[IPv6]:port`, or a host alone; undefined when it is none. */
export function parseNode(
  text: string,
  defaultPort: number,
): { host: string; port: number } | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]@/]+))(?::(\d{1,5}))?$/.exec(text)
  const host = parts?.[1] ?? parts?.[2]
  const port = parts?.[3] === undefined ? defaultPort : Number(parts[3])
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

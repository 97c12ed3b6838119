import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { TRK_ERR_OPTIONS } from '@chihaya/core'
import { PACKAGE, type RedisStorageOptions } from '../options.ts'

const REDIS_PORT = 6379
const SENTINEL_PORT = 26_379
const DEFAULT_URL = 'redis://127.0.0.1:6379/0'
const PLACES = ['client', 'url', 'redisBroker', 'cluster', 'sentinel'] as const

interface Node {
  readonly host: string
  readonly port: number
}

/** Where Redis is, and how to log in. */
export interface RedisAddress {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  /** The server, some servers of the cluster, or the Sentinels. */
  readonly nodes: readonly Node[]
  readonly db: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly tls: ConnectionOptions | undefined
  /** For messages, without secrets. */
  readonly description: string
}

/** The address in options without a `client`. @throws TRK_ERR_OPTIONS, without secrets. */
export function addressOf(options: Required<RedisStorageOptions>): RedisAddress {
  const places = PLACES.filter((place) => options[place] !== undefined)
  if (places.length > 1) refuse(`has ${places.join(' and ')}, of which there can be one`)
  const { db = 0, username, password, cluster, sentinel } = options
  const tls = tlsOf(options)
  if (cluster) {
    if (db !== 0) refuse('/db must be 0: a cluster has no other')
    const nodes = nodesOf(cluster, 'cluster', REDIS_PORT)
    return {
      kind: 'cluster',
      nodes,
      db,
      username,
      password,
      tls,
      description: `the cluster of ${list(nodes)}`,
    }
  }
  if (sentinel) {
    const nodes = nodesOf(sentinel.nodes, 'sentinel/nodes', SENTINEL_PORT)
    const description = `the master ${sentinel.name} of the sentinels ${list(nodes)}`
    return { kind: 'sentinel', nodes, db, username, password, tls, description }
  }
  const key = options.url === undefined && options.redisBroker !== undefined ? 'redisBroker' : 'url'
  const url = parseRedisUrl(options[key] ?? DEFAULT_URL)
  if (!url) return refuse(`/${key} must be written like redis://user:password@host:6379/0`)
  const node = { host: url.host, port: url.port }
  return {
    kind: 'single',
    nodes: [node],
    db: options.db ?? url.db,
    username: username ?? url.username,
    password: password ?? url.password,
    tls: tls ?? (url.tls ? {} : undefined),
    description: list([node]),
  }
}

function refuse(problem: string): never {
  throw new TRK_ERR_OPTIONS(PACKAGE, `options${problem.startsWith('/') ? '' : ' '}${problem}`)
}

function nodesOf(texts: readonly string[], key: string, defaultPort: number): Node[] {
  return texts.map((text, index) => {
    return (
      parseNode(text, defaultPort) ??
      refuse(`/${key}/${index} must be written like 192.0.2.1:${defaultPort}`)
    )
  })
}

function list(nodes: readonly Node[]): string {
  return nodes
    .map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
    .join(', ')
}

function tlsOf(options: Required<RedisStorageOptions>): ConnectionOptions | undefined {
  const files = { ca: options.tlsCaPath, cert: options.tlsCertPath, key: options.tlsKeyPath }
  const given = Object.entries(files).filter(([, path]) => path !== undefined)
  if (options.tls === false && given.length === 0) return undefined
  const own = typeof options.tls === 'object' ? options.tls : {}
  return {
    ...own,
    ...Object.fromEntries(given.map(([key, path]) => [key, readPem(path as string)])),
  }
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    return refuse(`: cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`)
  }
}

/** The parts of a Redis URL. */
export interface RedisUrl {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  readonly tls: boolean
}

const PATH = /^\/?$|^\/(\d{1,9})\/?$/

/**
 * Parses `redis[s]://[[user]:password@]host[:port][/db]`. A single word before the `@` is a
 * password, as in Chihaya. Words are percent-decoded. Returns undefined for anything else; error
 * messages must not quote it, because it may contain a password.
 */
export function parseRedisUrl(text: string): RedisUrl | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const path = PATH.exec(url.pathname)
  if ((url.protocol !== 'redis:' && url.protocol !== 'rediss:') || url.hostname === '' || !path)
    return undefined
  if (url.search !== '' || url.hash !== '') return undefined
  // A URL parser takes a single word for a user.
  const lone = url.password === ''
  return {
    host: url.hostname.replace(/^\[(.+)\]$/, '$1'),
    port: url.port === '' ? REDIS_PORT : Number(url.port),
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

/** Parses `host:port`, `[IPv6]:port` or a host alone. Returns undefined for anything else. */
export function parseNode(
  text: string,
  defaultPort: number,
): { host: string; port: number } | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]@/]+))(?::(\d{1,5}))?$/.exec(text)
  const host = parts?.[1] ?? parts?.[2]
  const port = parts?.[3] === undefined ? defaultPort : Number(parts[3])
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { TRK_ERR_OPTIONS } from '@chihaya/core'
import type { RedisStorageOptions } from '../options.ts'
import { parseNode, parseRedisUrl } from './redis-url.ts'

export const NAME = '@chihaya/storage-redis'

const REDIS_PORT = 6379
const SENTINEL_PORT = 26_379
const DEFAULT_URL = 'redis://127.0.0.1:6379/0'
const PLACES = ['client', 'url', 'redisBroker', 'cluster', 'sentinel'] as const

interface Node {
  readonly host: string
  readonly port: number
}

/** Which Redis to speak to, and how. */
export interface Target {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  /** The server itself, some of the cluster's, or the Sentinels. */
  readonly nodes: readonly Node[]
  readonly db: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly tls: ConnectionOptions | undefined
  /** Where it is, in words, without secrets. */
  readonly description: string
}

/**
 * The Redis that options without a `client` name. @throws TRK_ERR_OPTIONS, without the secrets in
 * them.
 */
export function targetOf(options: Required<RedisStorageOptions>): Target {
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
  throw new TRK_ERR_OPTIONS(NAME, `options${problem.startsWith('/') ? '' : ' '}${problem}`)
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

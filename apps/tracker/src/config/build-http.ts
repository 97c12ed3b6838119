import { LOCAL_NETWORKS } from '@chihaya/bittorrent'
import type { Duration } from '@chihaya/core'
import type { HttpFrontendOptions } from '@chihaya/http-frontend'
import {
  isUnixAddress,
  parseGoAddress,
  parseUnixPath,
  type ConnectionLimits,
} from '@chihaya/listeners'
import type { HttpAddress, HttpListenerOptions, ListenAddress } from './addresses.ts'
import type { Path } from './problems.ts'
import type { Section, Source } from './source.ts'
import { readTls } from './tls.ts'

const HTTP: Path = ['chihaya', 'http']
/** Unix sockets in a list of networks. */
const UNIX = 'unix:'

type Addresses = string | ReadonlyArray<string | undefined>

/** Options under `chihaya.http`: those of the frontend and those of listeners. */
export interface HttpOptions extends HttpFrontendOptions {
  readonly addresses?: Addresses
  readonly httpsAddresses?: Addresses
  readonly tlsCertPath?: string
  readonly tlsKeyPath?: string
  readonly readTimeout?: Duration
  readonly writeTimeout?: Duration
  readonly idleTimeout?: Duration
  readonly unixMode?: string
  readonly maxConnections?: number
  readonly maxConnectionsPerIp?: number
  readonly proxyProtocolFrom?: string[]
  readonly stats?: boolean
  readonly legacyPhpUrls?: boolean
}

export interface HttpConfig {
  readonly frontend: HttpFrontendOptions
  readonly listeners: readonly HttpListenerOptions[]
  readonly connections: ConnectionLimits
  /** Whether statistics are served beside announces. */
  readonly stats: boolean
}

/** Builds the HTTP frontend and its listeners; undefined if there is no address to listen on. */
export function buildHttp(
  source: Source,
  section: Section,
  options: HttpOptions,
  folder: string,
): HttpConfig | undefined {
  const {
    addresses,
    httpsAddresses,
    tlsCertPath,
    tlsKeyPath,
    readTimeout,
    writeTimeout,
    idleTimeout,
    unixMode,
    maxConnections,
    maxConnectionsPerIp,
    proxyProtocolFrom = [],
    stats = false,
    legacyPhpUrls = false,
    ...routed
  } = options
  const isSecure = Object.hasOwn(section, 'https_addr')
  if (!Object.hasOwn(section, 'addr') && !isSecure) {
    source.warn(HTTP, ' has neither addr nor https_addr, so HTTP is off')
    return undefined
  }
  const frontend = legacyPhpUrls ? withPhpRoutes(routed) : routed
  const isToldByProxy = frontend.realIpHeader !== undefined
  if (isToldByProxy && frontend.trustedProxies === undefined) {
    const text = `: ${frontend.realIpHeader} is believed only from loopback and private addresses; list your proxies in trusted_proxies`
    source.warn([...HTTP, 'real_ip_header'], text)
  }
  warnOfSpoofing(source, HTTP, frontend.allowIpSpoofing)
  const plain = parseAddresses(addresses, 'chihaya.http.addr', parseHttpAddress)
  const secure = parseAddresses(httpsAddresses, 'chihaya.http.https_addr', parseListenAddress)
  if (!isToldByProxy && !proxyProtocolFrom.includes(UNIX)) refuseUnixSockets(source, plain)
  const timeouts = {
    ...(readTimeout !== undefined && { readTimeout }),
    ...(writeTimeout !== undefined && { writeTimeout }),
    ...(idleTimeout !== undefined && { idleTimeout }),
  }
  const proxies = proxyProtocolFrom.filter((network) => network !== UNIX)
  const tcp = { ...timeouts, ...(proxies.length > 0 && { proxyProtocolFrom: proxies }) }
  const unix = {
    ...timeouts,
    ...(proxyProtocolFrom.includes(UNIX) && { proxyProtocolFrom: [] }),
    ...(unixMode !== undefined && { unixMode: Number.parseInt(unixMode, 8) }),
  }
  const connections = {
    ...(maxConnections !== undefined && { maxConnections }),
    ...(maxConnectionsPerIp !== undefined && { maxConnectionsPerIp }),
    // A proxy's connections are those of all its clients.
    ...(isToldByProxy && { unlimited: frontend.trustedProxies ?? LOCAL_NETWORKS }),
  }
  const tls = isSecure ? readTls(source, { tlsCertPath, tlsKeyPath, folder }) : undefined
  const listeners = [
    ...plain.map((address) => ({ address, ...(isUnixAddress(address) ? unix : tcp) })),
    ...(tls === undefined ? [] : secure.map((address) => ({ address, tls, ...tcp }))),
  ]
  return { frontend, listeners, connections, stats }
}

/** The addresses of the key `name`, without invalid ones, which have been reported. */
export function parseAddresses<Address>(
  given: Addresses | undefined,
  name: string,
  parse: (text: string, key: string) => Address | undefined,
): Address[] {
  const named =
    typeof given === 'string'
      ? [[given, name] as const]
      : (given ?? []).map((text, index) => [text, `${name}[${index}]`] as const)
  return named
    .map(([text, key]) => (text === undefined ? undefined : parse(text, key)))
    .filter((address) => address !== undefined)
}

export function parseListenAddress(text: string, key: string): ListenAddress | undefined {
  const address = parseGoAddress(text)
  return address && { ...address, key }
}

function parseHttpAddress(text: string, key: string): HttpAddress | undefined {
  const path = parseUnixPath(text)
  return path === undefined ? parseListenAddress(text, key) : { path, key }
}

/**
 * Warns that `allow_ip_spoofing: true` allows less than in Chihaya, which believes every client.
 */
export function warnOfSpoofing(
  source: Source,
  section: Path,
  allowed: boolean | string[] | undefined,
): void {
  if (allowed !== true) return
  const text =
    ': only loopback and private sources may claim another address; list networks to allow others'
  source.warn([...section, 'allow_ip_spoofing'], text)
}

/** Adds the routes that `enable_legacy_php_urls` of early Chihaya versions added. */
function withPhpRoutes({
  announceRoutes = ['/announce'],
  scrapeRoutes = ['/scrape'],
  ...rest
}: HttpFrontendOptions): HttpFrontendOptions {
  return {
    ...rest,
    announceRoutes: [...new Set([...announceRoutes, '/announce.php'])],
    scrapeRoutes: [...new Set([...scrapeRoutes, '/scrape.php'])],
  }
}

/** Over a Unix socket, only a proxy knows the client's address. */
function refuseUnixSockets(source: Source, addresses: readonly HttpAddress[]): void {
  const unix = addresses.find(isUnixAddress)
  if (unix === undefined) return
  const text = `${unix.key} is a Unix socket, over which clients have no address: it needs real_ip_header, or 'unix:' in proxy_protocol_from`
  source.findings.problem(source.valuePlace([...HTTP, 'addr']), unix.key, text)
}

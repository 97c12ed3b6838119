import { type ConnectionLimits, isUnixAddress } from '@chihaya/listeners'
import type { HttpAddress, HttpListenerOptions, ListenAddress } from './addresses.ts'
import { LOCAL_NETWORKS } from '@chihaya/bittorrent'
import type { Duration } from '@chihaya/core'
import type { HttpFrontendOptions } from '@chihaya/http-frontend'
import { readTls } from './read-tls.ts'
import type { ConfigReader, Located } from './reader.ts'
import { sections } from './sections.ts'
import { warn, warnOfSpoofing } from './warnings.ts'

/** Stands for Unix sockets among the networks that proxies are in. */
const UNIX = 'unix:'

interface OwnKeys {
  addresses?: HttpAddress[]
  httpsAddresses?: ListenAddress[]
  tlsCertPath?: string
  tlsKeyPath?: string
  readTimeout?: Duration
  writeTimeout?: Duration
  idleTimeout?: Duration
  unixMode?: string
  maxConnections?: number
  maxConnectionsPerIp?: number
  proxyProtocolFrom?: string[]
  stats?: boolean
  legacyPhpUrls?: boolean
}

export interface HttpConfig {
  readonly frontend: HttpFrontendOptions
  readonly listeners: readonly HttpListenerOptions[]
  readonly connections: ConnectionLimits
  /** Whether statistics are served beside announces. */
  readonly stats: boolean
}

/** Reads `chihaya.http`; undefined when it names no address to listen on. */
export function readHttp(
  reader: ConfigReader,
  place: Located,
  folder: string,
): HttpConfig | undefined {
  const path = 'chihaya.http'
  const options = reader.section(place, sections.http, path) as HttpFrontendOptions & OwnKeys
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
  const frontend = legacyPhpUrls ? withPhpRoutes(routed) : routed
  if (addresses === undefined && httpsAddresses === undefined) {
    reader.warning(place.key, path, `${path} has neither addr nor https_addr, so HTTP is off`)
    return undefined
  }
  if (frontend.realIpHeader !== undefined && frontend.trustedProxies === undefined) {
    const text = `${frontend.realIpHeader} is believed from loopback and private addresses and from nobody else; name your proxies in trusted_proxies`
    warn(reader, place, path, 'real_ip_header', text)
  }
  warnOfSpoofing(reader, place, path, frontend.allowIpSpoofing)
  const timeouts = {
    ...(readTimeout !== undefined && { readTimeout }),
    ...(writeTimeout !== undefined && { writeTimeout }),
    ...(idleTimeout !== undefined && { idleTimeout }),
  }
  checkUnixSockets(
    reader,
    place,
    addresses ?? [],
    frontend.realIpHeader !== undefined || proxyProtocolFrom.includes(UNIX),
  )
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
    ...(frontend.realIpHeader !== undefined && {
      unlimited: frontend.trustedProxies ?? LOCAL_NETWORKS,
    }),
  }
  const tls = readTls(reader, place, { httpsAddresses, tlsCertPath, tlsKeyPath, folder })
  const listeners = [
    ...(addresses ?? []).map((address) => ({ address, ...(isUnixAddress(address) ? unix : tcp) })),
    ...(tls === undefined
      ? []
      : (httpsAddresses ?? []).map((address) => ({ address, tls, ...tcp }))),
  ]
  return { frontend, listeners, connections, stats }
}

/** What early versions of Chihaya added to their routes. */
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

/** Over a Unix socket, only a proxy tells who a client is. */
function checkUnixSockets(
  reader: ConfigReader,
  place: Located,
  addresses: readonly HttpAddress[],
  isTold: boolean,
): void {
  const unix = addresses.find(isUnixAddress)
  if (unix === undefined || isTold) return
  const at = reader.entries(place, 'chihaya.http').get('addr')?.value ?? place.key
  reader.problem(
    at,
    unix.key,
    `${unix.key} is a Unix socket, over which clients have no address: it needs real_ip_header or proxy_protocol_from`,
  )
}

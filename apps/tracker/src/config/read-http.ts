import type { Duration } from '@chihaya/core'
import type { HttpFrontendOptions } from '@chihaya/http-frontend'
import type { HttpListenerOptions } from '../http-listener.ts'
import type { ListenAddress } from '../go-address.ts'
import { readTls } from './read-tls.ts'
import type { ConfigReader, Located } from './reader.ts'
import { sections } from './sections.ts'
import { warn, warnOfFrontend } from './warnings.ts'

interface OwnKeys {
  addresses?: ListenAddress[]
  httpsAddresses?: ListenAddress[]
  tlsCertPath?: string
  tlsKeyPath?: string
  readTimeout?: Duration
  writeTimeout?: Duration
  idleTimeout?: Duration
  requestTiming?: boolean
}

export interface HttpConfig {
  readonly frontend: HttpFrontendOptions
  readonly listeners: readonly HttpListenerOptions[]
}

/** Reads `chihaya.http`; undefined when it names no address to listen on. */
export function readHttp(reader: ConfigReader, place: Located, folder: string): HttpConfig | undefined {
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
    requestTiming,
    ...frontend
  } = options
  if (addresses === undefined && httpsAddresses === undefined) {
    reader.warning(place.key, path, `${path} has neither addr nor https_addr, so HTTP is off`)
    return undefined
  }
  if (frontend.realIpHeader !== undefined && frontend.trustedProxies === undefined) {
    const text = `${frontend.realIpHeader} is believed from loopback and private addresses and from nobody else; name your proxies in trusted_proxies`
    warn(reader, place, path, 'real_ip_header', text)
  }
  warnOfFrontend(reader, place, path, { allowIpSpoofing: frontend.allowIpSpoofing, requestTiming })
  const timeouts = {
    ...(readTimeout !== undefined && { readTimeout }),
    ...(writeTimeout !== undefined && { writeTimeout }),
    ...(idleTimeout !== undefined && { idleTimeout }),
  }
  const tls = readTls(reader, place, { httpsAddresses, tlsCertPath, tlsKeyPath, folder })
  const listeners = [
    ...(addresses ?? []).map((address) => ({ address, ...timeouts })),
    ...(tls === undefined ? [] : (httpsAddresses ?? []).map((address) => ({ address, tls, ...timeouts }))),
  ]
  return { frontend, listeners }
}

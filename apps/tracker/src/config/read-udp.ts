import type { ListenAddress } from './addresses.ts'
import type { UdpFrontendOptions } from '@chihaya/udp-frontend'
import type { ConfigReader, Located } from './reader.ts'
import { sections } from './sections.ts'
import { warn, warnOfSpoofing } from './warnings.ts'

export interface UdpConfig {
  readonly frontend: UdpFrontendOptions
  readonly addresses: readonly ListenAddress[]
}

// Chihaya's example and its Helm chart ship this key, and it works there.
const PUBLISHED_KEYS: ReadonlySet<string> = new Set([
  'paste a random string here that will be used to hmac connection IDs',
])

/** Reads `chihaya.udp`; undefined when it names no address to listen on. */
export function readUdp(reader: ConfigReader, place: Located): UdpConfig | undefined {
  const path = 'chihaya.udp'
  const options = reader.section(place, sections.udp, path) as UdpFrontendOptions & {
    addresses?: ListenAddress[]
  }
  const { addresses, ...frontend } = options
  if (addresses === undefined) {
    reader.warning(place.key, path, `${path} has no addr, so UDP is off`)
    return undefined
  }
  if (frontend.privateKey === undefined) {
    warn(
      reader,
      place,
      path,
      'private_key',
      'not set, so each start makes its own, and clients have to connect again after it',
    )
  } else if ([frontend.privateKey].flat().some((key) => PUBLISHED_KEYS.has(key.trim()))) {
    const text =
      "this is the key of Chihaya's example, which everybody knows, so connection ids can be forged; choose your own"
    warn(reader, place, path, 'private_key', text)
  }
  warnOfSpoofing(reader, place, path, frontend.allowIpSpoofing)
  return { frontend, addresses }
}

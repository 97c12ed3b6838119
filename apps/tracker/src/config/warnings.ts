import type { ConfigReader, Located } from './reader.ts'

interface FrontendKeys {
  readonly allowIpSpoofing: boolean | string[] | undefined
  readonly requestTiming: boolean | undefined
}

/** Says what keys that HTTP and UDP share do not do, or do less than in Chihaya. */
export function warnOfFrontend(reader: ConfigReader, place: Located, path: string, keys: FrontendKeys): void {
  // Chihaya takes anybody's word.
  if (keys.allowIpSpoofing === true) {
    const text = 'an address that a client gives is honoured from loopback and private sources only; list networks for others'
    warn(reader, place, path, 'allow_ip_spoofing', text)
  }
  if (keys.requestTiming === true) warnOfMetrics(reader, place, path, 'enable_request_timing')
}

export function warnOfMetrics(reader: ConfigReader, place: Located, path: string, name: string): void {
  warn(reader, place, path, name, 'this has no effect, as metrics are not part of this version yet')
}

/** Warns of a key of a section, or of the section when it lacks the key. */
export function warn(reader: ConfigReader, place: Located, path: string, name: string, text: string): void {
  const at = reader.entries(place, path).get(name)?.key ?? place.key
  reader.warning(at, `${path}.${name}`, `${path}.${name}: ${text}`)
}

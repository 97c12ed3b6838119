import type { ConfigReader, Located } from './reader.ts'

/** Says that `allow_ip_spoofing: true` is less than in Chihaya, which takes anybody's word. */
export function warnOfSpoofing(
  reader: ConfigReader,
  place: Located,
  path: string,
  allowed: boolean | string[] | undefined,
): void {
  if (allowed !== true) return
  const text =
    'an address that a client gives is honoured from loopback and private sources only; list networks for others'
  warn(reader, place, path, 'allow_ip_spoofing', text)
}

/** Warns of a key of a section, or of the section when it lacks the key. */
export function warn(
  reader: ConfigReader,
  place: Located,
  path: string,
  name: string,
  text: string,
): void {
  const at = reader.entries(place, path).get(name)?.key ?? place.key
  reader.warning(at, `${path}.${name}`, `${path}.${name}: ${text}`)
}

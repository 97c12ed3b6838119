import { byteString } from '@chihaya/bittorrent'
import type { ListFormat } from '@chihaya/core/lists'
import { notAnEntry, parseCidr, parseHyphenated, type AddressRange } from './address-range.ts'
import { RangeTable } from './range-table.ts'

/** Files of eMule do not block ranges with this access level or a higher one. */
const FIRST_ALLOWED_LEVEL = 128

/** Longest range in characters: two IPv6 addresses, hyphen and blanks. The name precedes it. */
const LONGEST_RANGE = 128

const LEVEL = /^[ \t]*(\d{1,3})[ \t]*(?:,|$)/

/**
 * A list of addresses and ranges. Each line has one of three forms: an entry as in the options
 * (`192.0.2.7`, `10.0.0.0/8`, `192.0.2.1-192.0.2.99`), a line of eMule's `ipfilter.dat`, or a line
 * of PeerGuardian's `.p2p` files.
 */
export const networkList: ListFormat<RangeTable> = {
  create: () => new RangeTable(),

  add(table, bytes, start, end, lineEnd = end) {
    const text = byteString(bytes, start, end)
    const line = lineEnd === end ? text : byteString(bytes, start, lineEnd)
    const range = readRange(text, line)
    if (range !== undefined) table.add(range)
  },

  finish: (table) => table.finish(),
}

/**
 * The range in a line, of which `text` is the part before a comment. Undefined for a range that is
 * not blocked.
 * @throws {RangeError} for a line without a range.
 */
function readRange(text: string, line: string): AddressRange | undefined {
  const comma = text.indexOf(',')
  const entry = comma < 0 ? text : text.slice(0, comma)
  const isRange = comma >= 0 || text.includes('-')
  const range = isRange ? parseHyphenated(entry) : parseCidr(entry)
  // The name in a PeerGuardian line may contain what looks like a comment.
  if (range === undefined) return readNamed(line) ?? readNamed(text) ?? refuse(text)
  if (comma < 0) return range
  const level = LEVEL.exec(text.slice(comma + 1))?.[1]
  if (level === undefined) {
    throw new RangeError(`${JSON.stringify(entry)} needs an access level after it, such as 000`)
  }
  return Number(level) < FIRST_ALLOWED_LEVEL ? range : undefined
}

/** The range after a name, which may contain colons, hyphens and blanks. */
function readNamed(line: string): AddressRange | undefined {
  const lastColon = line.lastIndexOf(':')
  const ipv4 = parseHyphenated(line.slice(lastColon + 1))
  if (lastColon < 0 || ipv4 !== undefined) return ipv4
  // IPv6 addresses contain colons themselves, so the longest range counts.
  const first = line.indexOf(':', Math.max(0, line.length - LONGEST_RANGE))
  for (let colon = first; colon >= 0; colon = line.indexOf(':', colon + 1)) {
    const ipv6 = parseHyphenated(line.slice(colon + 1))
    if (ipv6 !== undefined) return ipv6
  }
  return undefined
}

function refuse(text: string): never {
  throw notAnEntry(text)
}

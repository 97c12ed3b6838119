import type { InfoHash } from '@chihaya/bittorrent'
import type { ClientAnnounce } from './tracker-client.ts'

/** A byte string with everything escaped but RFC 3986's unreserved characters. */
export function escapeBytes(text: string): string {
  return text.replaceAll(
    /[^A-Za-z0-9._~-]/g,
    (unit) => `%${unit.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  )
}

/** The query of an announce (BEP 3), in the order real clients send it, without a leading `?`. */
export function announceQuery(announce: ClientAnnounce): string {
  const pairs = [
    `info_hash=${escapeBytes(announce.infoHash)}`,
    `peer_id=${escapeBytes(announce.peerId)}`,
    `port=${announce.port}`,
    `uploaded=${announce.uploaded ?? 0n}`,
    `downloaded=${announce.downloaded ?? 0n}`,
    `left=${announce.left}`,
    'compact=1',
  ]
  if (announce.numWant !== undefined) pairs.push(`numwant=${announce.numWant}`)
  if (announce.event !== undefined && announce.event !== 'none')
    pairs.push(`event=${announce.event}`)
  return pairs.join('&')
}

/** The query of a scrape (BEP 48), without a leading `?`. */
export function scrapeQuery(infoHashes: readonly InfoHash[]): string {
  return infoHashes.map((infoHash) => `info_hash=${escapeBytes(infoHash)}`).join('&')
}

/**
 * Where an announce URL's tracker is scraped: the text `announce` after the last slash becomes
 * `scrape` (BEP 48). Undefined when the tracker has no scrape by that rule.
 */
export function scrapeUrl(announceUrl: string): string | undefined {
  const slash = announceUrl.lastIndexOf('/') + 1
  if (!announceUrl.startsWith('announce', slash)) return undefined
  return `${announceUrl.slice(0, slash)}scrape${announceUrl.slice(slash + 'announce'.length)}`
}

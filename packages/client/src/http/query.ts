import type { InfoHash } from '@chihaya/bittorrent'
import type { ClientAnnounce } from '../tracker-client.ts'

/** Percent-encodes a byte string, except for the unreserved characters of RFC 3986. */
export function escapeBytes(text: string): string {
  return text.replaceAll(
    /[^A-Za-z0-9._~-]/g,
    (unit) => `%${unit.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  )
}

/** The query of an announce (BEP 3), in the order of real clients, without a leading `?`. */
export function announceQuery(announce: ClientAnnounce): string {
  const { infoHash, peerId, port, uploaded = 0n, downloaded = 0n, left } = announce
  const { numWant, event = 'none', key } = announce
  const pairs = [
    `info_hash=${escapeBytes(infoHash)}`,
    `peer_id=${escapeBytes(peerId)}`,
    `port=${port}`,
    `uploaded=${uploaded}`,
    `downloaded=${downloaded}`,
    `left=${left}`,
    'compact=1',
  ]
  if (numWant !== undefined) pairs.push(`numwant=${numWant}`)
  if (key !== undefined) pairs.push(`key=${key.toString(16).padStart(8, '0')}`)
  if (event !== 'none') pairs.push(`event=${event}`)
  return pairs.join('&')
}

/** The query of a scrape (BEP 48), without a leading `?`. */
export function scrapeQuery(infoHashes: readonly InfoHash[]): string {
  return infoHashes.map((infoHash) => `info_hash=${escapeBytes(infoHash)}`).join('&')
}

/**
 * The scrape URL for an announce URL: `announce` after the last slash becomes `scrape` (BEP 48).
 * Undefined if the text after the last slash does not begin with `announce`.
 */
export function scrapeUrl(announceUrl: string): string | undefined {
  const slash = announceUrl.lastIndexOf('/') + 1
  if (!announceUrl.startsWith('announce', slash)) return undefined
  return `${announceUrl.slice(0, slash)}scrape${announceUrl.slice(slash + 'announce'.length)}`
}

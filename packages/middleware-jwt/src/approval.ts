import { infoHashFromHex, type InfoHash } from '@chihaya/bittorrent'

/** What a verified token approves. */
export interface Approval {
  /** The torrent that may be announced; undefined when the token names none. */
  readonly infoHash: InfoHash | undefined
  /** The torrents that may be scraped. */
  readonly infoHashes: ReadonlySet<InfoHash>
  /** Until when, in milliseconds since 1970. */
  readonly until: number
}

/**
 * Reads the claims of a token whose signature, issuer, audience and times have been verified:
 * `infohash` in 40 hex digits of any case, or in the 64 of a v2 infohash; `infohashes`, a list of
 * these; `exp`.
 * @throws {RangeError} when `exp` is no moment.
 */
export function readApproval(
  claims: Readonly<Record<string, unknown>>,
  maxClockSkew: number,
): Approval {
  const { exp, infohash, infohashes } = claims
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw new RangeError('exp is no moment')
  const infoHash = readInfoHash(infohash)
  const list: unknown[] = Array.isArray(infohashes) ? infohashes : []
  const infoHashes = [infoHash, ...list.map(readInfoHash)].filter((hash) => hash !== undefined)
  return { infoHash, infoHashes: new Set(infoHashes), until: exp * 1000 + maxClockSkew }
}

function readInfoHash(claim: unknown): InfoHash | undefined {
  return typeof claim === 'string' ? infoHashFromHex(claim) : undefined
}

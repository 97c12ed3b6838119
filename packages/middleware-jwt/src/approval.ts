import { infoHashFromHex, type InfoHash } from '@chihaya/bittorrent'

/** The approvals of a verified token. */
export interface Approval {
  /** The torrent that may be announced. Undefined if the token names none. */
  readonly infoHash: InfoHash | undefined
  /** The torrents that may be scraped. */
  readonly infoHashes: ReadonlySet<InfoHash>
  /** Expiry in milliseconds since 1970. */
  readonly until: number
}

/**
 * Reads the claims of a verified token: `infohash` in 40 hex digits, or the 64 of a v2 infohash;
 * `infohashes`, a list of these; `exp`.
 * @throws {RangeError} for an invalid `exp`.
 */
export function readApproval(
  claims: Readonly<Record<string, unknown>>,
  maxClockSkew: number,
): Approval {
  const { exp, infohash, infohashes } = claims
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw new RangeError('exp is not a time')
  const infoHash = readInfoHash(infohash)
  const list: unknown[] = Array.isArray(infohashes) ? infohashes : []
  const infoHashes = [infoHash, ...list.map(readInfoHash)].filter((hash) => hash !== undefined)
  return { infoHash, infoHashes: new Set(infoHashes), until: exp * 1000 + maxClockSkew }
}

function readInfoHash(claim: unknown): InfoHash | undefined {
  return typeof claim === 'string' ? infoHashFromHex(claim) : undefined
}

/**
 * A bounded cache of approvals by token. It drops whole generations instead of the least recently
 * used entry, so that a hit in the young generation changes nothing.
 */
export class ApprovalCache {
  readonly #generation: number
  #young = new Map<string, Approval>()
  #old = new Map<string, Approval>()

  constructor(size: number) {
    this.#generation = Math.floor(size / 2)
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(token: string): Approval | undefined {
    const young = this.#young.get(token)
    if (young !== undefined) return young
    const old = this.#old.get(token)
    if (old === undefined) return undefined
    this.#old.delete(token)
    this.set(token, old)
    return old
  }

  set(token: string, approval: Approval): void {
    if (this.#generation === 0) return
    // Copied, as a substring of a URL would keep the whole URL in memory.
    this.#young.set(Buffer.from(token, 'latin1').toString('latin1'), approval)
    if (this.#young.size < this.#generation) return
    this.#old = this.#young
    this.#young = new Map()
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }
}

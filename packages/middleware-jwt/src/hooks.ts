import { addressFamily, type InfoHash, type ScrapeEntry, type ScrapeRequest, type ScrapeResponse } from '@chihaya/bittorrent'
import { isPromise, type MaybePromise, type PeerStore, type TrackerContext, type TrackerHooks } from '@chihaya/core'
import type { Approval } from './approval.ts'
import { INVALID_JWT, MISSING_JWT } from './errors.ts'
import type { TokenFinder } from './find-token.ts'
import type { TokenVerifier } from './token-verifier.ts'

/** Refuses announces of torrents that their token does not approve. */
export function announceHook(findToken: TokenFinder, verifier: TokenVerifier): TrackerHooks['preAnnounce'] {
  return ({ params, infoHash }) => {
    const token = findToken(params)
    if (token === undefined) throw MISSING_JWT
    const approval = verifier.verify(token)
    if (isPromise(approval)) return approval.then((settled) => requireTorrent(settled, infoHash))
    requireTorrent(approval, infoHash)
  }
}

function requireTorrent(approval: Approval, infoHash: InfoHash): void {
  if (approval.infoHash !== infoHash) throw INVALID_JWT
}

/** Refuses scrapes without a valid token, and shows torrents that it does not approve as if nobody had them. */
export function scrapeHook(findToken: TokenFinder, verifier: TokenVerifier, store: PeerStore): TrackerHooks['preScrape'] {
  return (request, response, context) => {
    const token = findToken(request.params)
    if (token === undefined) throw MISSING_JWT
    const show = (approval: Approval): MaybePromise<void> => {
      const rows = approvedRows(request, response, approval, context, store)
      if (isPromise(rows)) return rows.then((settled) => void (response.entries = settled))
      response.entries = rows
    }
    const approval = verifier.verify(token)
    return isPromise(approval) ? approval.then(show) : show(approval)
  }
}

/** The rows of a scrape, zeros for what is not approved: the store is asked here, as the tracker would ask it for all of them. */
function approvedRows(
  request: ScrapeRequest,
  response: ScrapeResponse,
  { infoHashes: approved }: Approval,
  context: TrackerContext,
  store: PeerStore,
): MaybePromise<ScrapeEntry[]> {
  const { infoHashes } = request
  // An earlier hook may have put the rows.
  if (context.skipSwarmInteraction === true || context.skipResponse === true) {
    return infoHashes.map((hash, index) => rowOf(hash, approved, () => response.entries[index]))
  }
  context.skipSwarmInteraction = true
  const hashes = infoHashes.filter((hash) => approved.has(hash))
  const rows = store.scrape(hashes, addressFamily(request.address))
  return isPromise(rows) ? rows.then((settled) => spread(infoHashes, approved, settled)) : spread(infoHashes, approved, rows)
}

function spread(infoHashes: readonly InfoHash[], approved: ReadonlySet<InfoHash>, rows: readonly ScrapeEntry[]): ScrapeEntry[] {
  let next = 0
  return infoHashes.map((hash) => rowOf(hash, approved, () => rows[next++]))
}

function rowOf(hash: InfoHash, approved: ReadonlySet<InfoHash>, row: () => ScrapeEntry | undefined): ScrapeEntry {
  return (approved.has(hash) ? row() : undefined) ?? { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }
}

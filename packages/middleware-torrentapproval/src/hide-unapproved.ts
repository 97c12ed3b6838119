import { addressFamily, type InfoHash, type ScrapeEntry } from '@chihaya/bittorrent'
import { isPromise, type PeerStore, type TrackerHooks } from '@chihaya/core'
import type { TorrentApproval } from './torrent-approval.ts'

/**
 * A hook that answers scrapes of unapproved torrents as a store answers those of unknown ones: with zeros, since a refusal
 * would tell which of the infohashes in a scrape exist.
 */
export function hideUnapproved(approval: TorrentApproval, store: PeerStore): TrackerHooks['preScrape'] {
  return (request, response, context) => {
    const { infoHashes } = request
    if (infoHashes.every((infoHash) => approval.has(infoHash))) return
    const answer = (entries: readonly ScrapeEntry[]): void => {
      response.entries = infoHashes.map((infoHash, index) => approvedEntry(approval, infoHash, entries[index]))
    }
    if (context.skipSwarmInteraction === true || context.skipResponse === true) return answer(response.entries)
    context.skipSwarmInteraction = true
    const entries = store.scrape(infoHashes, addressFamily(request.address))
    return isPromise(entries) ? entries.then(answer) : answer(entries)
  }
}

function approvedEntry(approval: TorrentApproval, infoHash: InfoHash, entry: ScrapeEntry | undefined): ScrapeEntry {
  const unknown = { complete: 0, incomplete: 0, downloaders: 0, downloaded: 0 }
  return approval.has(infoHash) ? (entry ?? unknown) : unknown
}

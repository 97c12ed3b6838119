import type { TrackerHooks } from '@chihaya/core'
import type { TorrentApproval } from './torrent-approval.ts'

/**
 * A hook that answers scrapes of unapproved torrents as a store answers those of unknown ones: with
 * zeros, since a refusal would tell which of the infohashes in a scrape exist.
 */
export function hideUnapproved(approval: TorrentApproval): TrackerHooks['onScrape'] {
  return ({ infoHashes }, answer) => {
    for (const [index, infoHash] of infoHashes.entries())
      if (!approval.has(infoHash)) answer.clear(index)
  }
}

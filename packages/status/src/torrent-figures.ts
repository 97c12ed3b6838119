import { toHex, type InfoHash } from '@chihaya/bittorrent'
import type { ScrapeAnswer, StoreStats, SwarmEntry } from '@chihaya/core'

/** What the operator is told of one torrent. Partial seeds count as leechers. */
export interface TorrentFigures {
  /** 40 hex digits. */
  readonly infoHash: string
  readonly seeders: StoreStats['seeders']
  readonly leechers: StoreStats['leechers']
  /** Downloads completed. */
  readonly downloaded: number
}

/**
 * Figures by what scrapes over the two families are told. A store that joins the families tells
 * both of them everything.
 */
export function scrapedFigures(
  infoHash: InfoHash,
  ipv4: ScrapeAnswer,
  ipv6: ScrapeAnswer,
): TorrentFigures {
  return {
    infoHash: toHex(infoHash),
    seeders: { ipv4: ipv4.complete(0), ipv6: ipv6.complete(0) },
    leechers: { ipv4: ipv4.incomplete(0), ipv6: ipv6.incomplete(0) },
    downloaded: Math.max(ipv4.downloaded(0), ipv6.downloaded(0)),
  }
}

export function listedFigures({
  infoHash,
  seeders,
  leechers,
  downloaded,
}: SwarmEntry): TorrentFigures {
  return { infoHash: toHex(infoHash), seeders, leechers, downloaded }
}

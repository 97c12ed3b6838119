import { toHex, type InfoHash, type ScrapeEntry } from '@chihaya/bittorrent'
import type { StoreStats, SwarmEntry } from '@chihaya/core'

/** What the operator is told of one torrent. Partial seeds count as leechers. */
export interface TorrentFigures {
  /** 40 hex digits. */
  readonly infoHash: string
  readonly seeders: StoreStats['seeders']
  readonly leechers: StoreStats['leechers']
  /** Downloads completed. */
  readonly downloaded: number
}

/** Figures by what scrapes over the two families are told. A store that joins the families tells both of them everything. */
export function scrapedFigures(infoHash: InfoHash, ipv4: ScrapeEntry, ipv6: ScrapeEntry): TorrentFigures {
  return {
    infoHash: toHex(infoHash),
    seeders: { ipv4: ipv4.complete, ipv6: ipv6.complete },
    leechers: { ipv4: ipv4.incomplete, ipv6: ipv6.incomplete },
    downloaded: Math.max(ipv4.downloaded, ipv6.downloaded),
  }
}

export function listedFigures({ infoHash, seeders, leechers, downloaded }: SwarmEntry): TorrentFigures {
  return { infoHash: toHex(infoHash), seeders, leechers, downloaded }
}

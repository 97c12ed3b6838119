import type { AddressFamily, InfoHash, ScrapeEntry } from '@chihaya/bittorrent'
import type { SwarmEntry } from '@chihaya/core'
import { familyOfSwarm } from '../keys.ts'
import { scanSwarms, type SwarmScan } from './scan-swarms.ts'

/**
 * All swarms with peers, those of one step of a scan at a time. `scrape` counts one. Rejects with a
 * `Fault`.
 */
export async function* listSwarms(
  scan: SwarmScan,
  scrape: (infoHash: InfoHash, family: AddressFamily) => Promise<ScrapeEntry>,
): AsyncGenerator<SwarmEntry[]> {
  for await (const found of scanSwarms(scan)) {
    const entries = await Promise.all(
      found.map(async (key) => {
        const infoHash = scan.keys.infoHashOf(key)
        const [ipv4, ipv6] = await Promise.all([scrape(infoHash, 'ipv4'), scrape(infoHash, 'ipv6')])
        // A torrent of both families is met twice: it is listed where it is met in IPv4.
        const hasIpv4 = ipv4.complete + ipv4.incomplete > 0
        if (
          hasIpv4 !== (familyOfSwarm(key) === 'ipv4') ||
          (!hasIpv4 && ipv6.complete + ipv6.incomplete === 0)
        )
          return []
        const seeders = { ipv4: ipv4.complete, ipv6: ipv6.complete }
        const leechers = { ipv4: ipv4.incomplete, ipv6: ipv6.incomplete }
        return [{ infoHash, seeders, leechers, downloaded: ipv4.downloaded }]
      }),
    )
    const page = entries.flat()
    if (page.length > 0) yield page
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { AddressFamily, InfoHash, ScrapeEntry } from '@chihaya/bittorrent'
import type { SwarmEntry } from '@chihaya/core'
import { connectionsOf, prefixOf } from '../connection/client.ts'
import type { Connection } from '../connection/connection.ts'
import { familyOfSwarm, type Keys } from '../keys.ts'

/** Slots of the key space that one step covers. */
const STEP = 200

export interface SwarmScan {
  readonly connection: Connection
  readonly keys: Keys
  /**
   * A step, including the work on its results, is followed by a pause this many times as long:
   * announces come first.
   */
  readonly pauses: number
  readonly signal: AbortSignal
}

/**
 * The keys of all swarms on every master, those of one step at a time. A swarm that appears or
 * disappears meanwhile may be missed, and a key may be returned twice. Ends early if aborted.
 * Rejects with a `Fault`.
 */
export async function* scanSwarms({
  connection,
  keys,
  pauses,
  signal,
}: SwarmScan): AsyncGenerator<Buffer[]> {
  const fault = connection.unavailable()
  if (fault) throw fault
  const prefix = prefixOf(connection.client)
  const pattern = keys.swarmPattern(prefix)
  for (const node of connectionsOf(connection.client)) {
    let cursor = '0'
    do {
      const began = performance.now()
      const from = cursor
      // One step after the other, so that announces come in between.
      // oxlint-disable-next-line no-await-in-loop
      const [next, found] = await connection.send(() =>
        node.scanBuffer(from, 'MATCH', pattern, 'COUNT', STEP),
      )
      yield found.map((key) => key.subarray(prefix.length))
      cursor = next.toString()
      // oxlint-disable-next-line no-await-in-loop
      await sleep((performance.now() - began) * pauses, undefined, { ref: false, signal }).catch(
        () => {},
      )
      if (signal.aborted) return
    } while (cursor !== '0')
  }
}

/**
 * All swarms with peers, those of one step at a time. `scrape` counts the peers of a swarm. Rejects
 * with a `Fault`.
 */
export async function* listSwarms(
  scan: SwarmScan,
  scrape: (infoHash: InfoHash, family: AddressFamily) => Promise<ScrapeEntry>,
): AsyncGenerator<SwarmEntry[]> {
  for await (const found of scanSwarms(scan)) {
    const swarms = await Promise.all(
      found.map(async (key) => {
        const infoHash = scan.keys.infoHashOf(key)
        const [ipv4, ipv6] = await Promise.all([scrape(infoHash, 'ipv4'), scrape(infoHash, 'ipv6')])
        // A torrent of both families is found twice. It is listed with its IPv4 swarm.
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
    const page = swarms.flat()
    if (page.length > 0) yield page
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { InfoHash, ScrapeEntry } from '@chihaya/bittorrent'
import type { Network, NetworkCounts, SwarmEntry } from '@chihaya/core'
import { connectionsOf, prefixOf } from '../connection/client.ts'
import type { Connection } from '../connection/connection.ts'
import { networkOfSwarm, type Keys } from '../keys.ts'

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
  scrape: (infoHash: InfoHash, network: Network) => Promise<ScrapeEntry>,
): AsyncGenerator<SwarmEntry[]> {
  const { keys } = scan
  for await (const found of scanSwarms(scan)) {
    const swarms = await Promise.all(
      found.map(async (key) => {
        const infoHash = keys.infoHashOf(key)
        const rows = await Promise.all(keys.networks.map((network) => scrape(infoHash, network)))
        const first = rows.findIndex(({ complete, incomplete }) => complete + incomplete > 0)
        // A torrent of several networks is found several times. It is listed with its first swarm.
        if (keys.networks[first] !== networkOfSwarm(key)) return []
        const counts = (role: 'complete' | 'incomplete'): NetworkCounts =>
          Object.fromEntries(
            keys.networks.map((network, index) => [network, rows[index]?.[role]]),
          ) as unknown as NetworkCounts
        const downloaded = rows[0]?.downloaded ?? 0
        return [
          { infoHash, seeders: counts('complete'), leechers: counts('incomplete'), downloaded },
        ]
      }),
    )
    const page = swarms.flat()
    if (page.length > 0) yield page
  }
}

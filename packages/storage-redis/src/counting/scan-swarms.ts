import { setTimeout as sleep } from 'node:timers/promises'
import { connectionsOf, prefixOf } from '../connection/client.ts'
import type { Keys } from '../keys.ts'
import type { Link } from '../connection/connection.ts'

/** Slots of the key space that one step looks at. */
const STEP = 200

export interface SwarmScan {
  readonly link: Link
  readonly keys: Keys
  /**
   * A step, and the work on what it has found, is followed by a pause this many times as long:
   * announces come first.
   */
  readonly pauses: number
  readonly signal: AbortSignal
}

/**
 * The keys of all swarms, those of one step at a time, on every server that may be written to. A
 * swarm that comes or goes meanwhile may be missed, and a key may be met twice. Ends early when it
 * is aborted. Rejects with a `Fault`.
 */
export async function* scanSwarms({
  link,
  keys,
  pauses,
  signal,
}: SwarmScan): AsyncGenerator<Buffer[]> {
  const obstacle = link.obstacle()
  if (obstacle) throw obstacle
  const before = prefixOf(link.client)
  const pattern = keys.swarmPattern(before)
  for (const node of connectionsOf(link.client)) {
    let cursor = '0'
    do {
      const began = performance.now()
      const from = cursor
      // One step after the other, so that Redis has time for others.
      // oxlint-disable-next-line no-await-in-loop
      const [next, found] = await link.send(() =>
        node.scanBuffer(from, 'MATCH', pattern, 'COUNT', STEP),
      )
      yield found.map((key) => key.subarray(before.length))
      cursor = next.toString()
      // oxlint-disable-next-line no-await-in-loop
      await sleep((performance.now() - began) * pauses, undefined, { ref: false, signal }).catch(
        () => {},
      )
      if (signal.aborted) return
    } while (cursor !== '0')
  }
}

import type { Answer } from '@chihaya/core'
import type { Workload } from './workload.ts'

/**
 * Verifies an answer: its counters, its number of peers, and that each is in the swarm, appears once
 * and is not the announcer. @throws {Error} that names the fault.
 */
export function checkAnswer(
  workload: Workload,
  number: number,
  numWant: number,
  view: Answer,
): void {
  const swarm = number % workload.swarms
  const own = Math.floor(number / workload.swarms)
  const { complete, incomplete } = workload.counters
  if (view.complete !== complete || view.incomplete !== incomplete) {
    throw new Error(
      `wrong counters: ${view.complete}/${view.incomplete}, not ${complete}/${incomplete}`,
    )
  }
  const { endpoints } = view.peers
  if (endpoints.length !== Math.min(numWant, workload.peers - 1) * 6)
    throw new Error(`wrong length: ${endpoints.length} bytes`)
  const seen = new Set<number>()
  for (let at = 0; at < endpoints.length; at += 6) {
    const peer = workload.identify(endpoints.subarray(at, at + 6), swarm)
    if (peer === undefined || peer === own || seen.has(peer))
      throw new Error(`wrong peer at byte ${at}: ${peer ?? 'a stranger'}`)
    seen.add(peer)
  }
}

import type { AnnounceEvent } from '@chihaya/bittorrent'

/** The states of a peer. A partial seed counts as incomplete (BEP 21). */
export type PeerState = 'leecher' | 'partial' | 'seeder'

/**
 * What an announce does to its peer. `completed` makes a seeder, and counts a download unless this
 * client's download was counted before. `stopped` removes the peer and creates nothing. `unchanged`
 * only reads the swarm.
 */
export type Transition = PeerState | 'completed' | 'stopped' | 'unchanged'

/**
 * The first match counts: `stopped` removes a peer even if nothing is left, and `completed` makes a
 * seeder regardless of `left`.
 */
export function transitionOf(event: AnnounceEvent, seeding: boolean): Transition {
  if (event === 'stopped') return 'stopped'
  if (event === 'completed') return 'completed'
  if (seeding) return 'seeder'
  return event === 'paused' ? 'partial' : 'leecher'
}

/** Whether an announcer still needs pieces. A partial seed has all it wants (BEP 21). */
export function downloads(event: AnnounceEvent, seeding: boolean): boolean {
  return !seeding && event !== 'completed' && event !== 'paused'
}

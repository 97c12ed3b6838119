import type { AnnounceEvent } from '@chihaya/bittorrent'

import type { DeltaState } from '@chihaya/deltas'

export { DELTA_STATES as SESSION_STATES } from '@chihaya/deltas'

/** The first three are active: they count in a torrent's swarm and, leeching, against slots. */
export type SessionState = DeltaState

export function isActive(state: SessionState): boolean {
  return state === 'leeching' || state === 'seeding' || state === 'partial'
}

/**
 * The state that an announce asks for. Unlike in a swarm, only a client that has nothing left
 * seeds, whatever its event says.
 */
export function stateAfter(event: AnnounceEvent, left: number | undefined): SessionState {
  if (event === 'stopped') return 'stopped'
  if (left === 0) return 'seeding'
  return event === 'paused' ? 'partial' : 'leeching'
}

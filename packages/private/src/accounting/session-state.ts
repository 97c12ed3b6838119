import type { AnnounceEvent } from '@chihaya/bittorrent'

/**
 * The states of a session. The first three are active: they count in a torrent's swarm and, where
 * they leech, against a user's slots.
 */
export const SESSION_STATES = [
  'leeching',
  'seeding',
  'partial',
  'stopped',
  'expired',
  'refused',
] as const

export type SessionState = (typeof SESSION_STATES)[number]

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

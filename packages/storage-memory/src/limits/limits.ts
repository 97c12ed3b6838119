import { ClientError } from '@chihaya/bittorrent'

/** Refusals of a full store. Known swarms and peers are served as before. */
export const TOO_MANY_SWARMS: ClientError = new ClientError('tracker is full: no new torrents')
export const TOO_MANY_PEERS: ClientError = new ClientError('tracker is full: no new peers')
/** The refusal of a source that adds swarms faster than allowed. */
export const TOO_MANY_NEW_SWARMS: ClientError = new ClientError('too many new torrents')

export interface SwarmLimits {
  readonly maxSwarms: number
  readonly maxPeers: number
  readonly maxPeersPerSwarm: number
}

import { ClientError } from '@chihaya/bittorrent'

/** What the store refuses when it is full; what it knows already goes on as before. */
export const TOO_MANY_SWARMS: ClientError = new ClientError('tracker is full: no new torrents')
export const TOO_MANY_PEERS: ClientError = new ClientError('tracker is full: no new peers')
/** What it refuses a source that makes swarms faster than it may. */
export const TOO_MANY_NEW_SWARMS: ClientError = new ClientError('too many new torrents')

export interface SwarmLimits {
  readonly maxSwarms: number
  readonly maxPeers: number
  readonly maxPeersPerSwarm: number
}

import { ClientError } from '@chihaya/bittorrent'

/** What the store refuses when it is full; what it knows already goes on as before. */
export const TOO_MANY_SWARMS: ClientError = new ClientError('tracker is full: no new torrents')
export const TOO_MANY_PEERS: ClientError = new ClientError('tracker is full: no new peers')

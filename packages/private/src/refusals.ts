import { ClientError } from '@chihaya/bittorrent'
import type { Refusal } from './accounting/accounted.ts'
import type { TorrentState } from './registry/torrent-table.ts'

const HOUR = 60

export const STARTING: ClientError = new ClientError('tracker is starting', { retryIn: 1 })
export const PASSKEY_NOT_FOUND: ClientError = new ClientError('Passkey not found', {
  retryIn: HOUR,
})
export const ACCOUNT_DISABLED: ClientError = new ClientError('Account disabled', { retryIn: HOUR })
export const CLIENT_NOT_ALLOWED: ClientError = new ClientError(
  'Your client is not on the whitelist',
  { retryIn: HOUR },
)
export const UNREGISTERED: ClientError = new ClientError('Unregistered torrent', { retryIn: HOUR })

/** Why a torrent that is known may not be announced yet, or any more. */
export const NOT_ANNOUNCED: Readonly<Record<Exclude<TorrentState, 'ok'>, ClientError>> = {
  pending: new ClientError('Torrent is pending moderation', { retryIn: 1 }),
  rejected: new ClientError('Torrent has been rejected', { retryIn: 1 }),
  postponed: new ClientError('Torrent has been postponed', { retryIn: 1 }),
}

export const REFUSED: Readonly<Record<Refusal, ClientError>> = {
  'leeching forbidden': new ClientError('Access denied, leeching forbidden', { retryIn: HOUR }),
  'too many clients': new ClientError('Too many clients on this torrent', { retryIn: 30 }),
  'no slot': new ClientError('No free download slot', { retryIn: 30 }),
}

export const HIDDEN_WARNING = 'Download slot limit reached'

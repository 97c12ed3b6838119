import { ClientError } from '@chihaya/bittorrent'

/** A request too short or too long for its action. */
export const MALFORMED_PACKET: ClientError = new ClientError('malformed packet')

/** Texts of refusals for which the dispatcher throws no error. */
export const BAD_CONNECTION_ID = 'bad connection ID'
export const UNKNOWN_ACTION_ID = 'unknown action ID'
export const INTERNAL_SERVER_ERROR = 'internal server error'

import { ClientError, INTERNAL_ERROR } from '@chihaya/bittorrent'

/** A request too short or too long for its action. */
export const MALFORMED_PACKET: ClientError = new ClientError('malformed packet')

/** What the dispatcher itself answers, without an error being thrown. */
export const BAD_CONNECTION_ID: string = new ClientError('bad connection ID').message
export const UNKNOWN_ACTION_ID: string = new ClientError('unknown action ID').message
export const INTERNAL_SERVER_ERROR: string = INTERNAL_ERROR.message

import { ClientError } from '@chihaya/bittorrent'

/** The body of a request is too short for its action. */
export const MALFORMED_PACKET: ClientError = new ClientError('malformed packet')

/** What the dispatcher itself answers, without an error being thrown. */
export const BAD_CONNECTION_ID = 'bad connection ID'
export const UNKNOWN_ACTION_ID = 'unknown action ID'
export const INTERNAL_SERVER_ERROR = 'internal server error'

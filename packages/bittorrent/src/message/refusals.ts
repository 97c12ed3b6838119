import { ClientError } from './client-error.ts'

/** Sent when the address of an announce is not accepted. */
export const INVALID_IP: ClientError = new ClientError('invalid IP')
/** Sent when nobody can connect to the port of an announce. */
export const INVALID_PORT: ClientError = new ClientError('invalid port')
/** Sent in place of any error that is not a `ClientError`. */
export const INTERNAL_ERROR: ClientError = new ClientError('internal server error')

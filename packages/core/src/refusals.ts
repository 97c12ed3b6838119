import { ClientError } from '@chihaya/bittorrent'

/** To announces from an address that this tracker takes no peers at. */
export const INVALID_ADDRESS: ClientError = new ClientError('invalid IP')

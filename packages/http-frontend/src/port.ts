import { ClientError, parseInteger, type Query } from '@chihaya/bittorrent'

const MISSING: ClientError = new ClientError('failed to parse parameter: port')
const INVALID: ClientError = new ClientError('invalid port')

/**
 * The port a peer listens on, 1 to 65535. A client that accepts nothing but encrypted connections sends port 0 and its
 * port in `cryptoport`. 0 is returned only where `allowUnconnectable` lets clients announce that nobody can connect to.
 * @throws {ClientError} for anything else.
 */
export function peerPort(query: Query, allowUnconnectable: boolean): number {
  const port = parsePort(query.get('port'))
  if (port === undefined) throw MISSING
  if (port > 65_535) throw INVALID
  if (port > 0) return port
  const cryptoPort = parsePort(query.get('cryptoport'))
  if (cryptoPort !== undefined && cryptoPort > 0 && cryptoPort <= 65_535) return cryptoPort
  if (allowUnconnectable) return 0
  throw INVALID
}

function parsePort(text: string | undefined): number | undefined {
  return text === undefined || text.startsWith('-') ? undefined : parseInteger(text)
}

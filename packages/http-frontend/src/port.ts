import {
  ClientError,
  INVALID_PORT,
  parseInteger,
  type AnnounceEvent,
  type Query,
} from '@chihaya/bittorrent'

const UNREADABLE: ClientError = new ClientError('failed to parse parameter: port')

const MAX_PORT = 65_535

/**
 * The port a peer listens on, 1 to 65535. A client that accepts nothing but encrypted connections
 * sends no port or port 0, and its port in `cryptoport`. Of a client without any port the result is
 * 0, if it stops or `allowUnconnectable` is set.
 * @throws {ClientError} for anything else, unless the client stops: nothing keeps a client from
 * leaving.
 */
export function peerPort(query: Query, event: AnnounceEvent, allowUnconnectable: boolean): number {
  const text = query.get('port') ?? ''
  const port = parsePort(text)
  if (isPort(port)) return port
  const isMissing = text === ''
  if (event !== 'stopped' && !isMissing && port !== 0)
    throw port === undefined ? UNREADABLE : INVALID_PORT
  const cryptoPort = parsePort(query.get('cryptoport') ?? '')
  if (isPort(cryptoPort)) return cryptoPort
  if (event === 'stopped' || allowUnconnectable) return 0
  throw isMissing ? UNREADABLE : INVALID_PORT
}

function isPort(port: number | undefined): port is number {
  return port !== undefined && port > 0 && port <= MAX_PORT
}

function parsePort(text: string): number | undefined {
  return text.startsWith('-') ? undefined : parseInteger(text)
}

import {
  ClientError,
  clientKey,
  eventFromName,
  infoHashFrom,
  INVALID_PORT,
  parseInteger,
  parseUint64,
  peerIdFrom,
  Query,
  splitTarget,
  type AnnounceEvent,
  type InfoHash,
  type PeerId,
} from '@chihaya/bittorrent'
import { PlainAnnounce, type PlainAnnounceInit } from '@chihaya/core'
import { HttpParams } from '@chihaya/core/http'
import type { FastifyRequest } from 'fastify'
import type { Frontend } from '../frontend.ts'
import type { HttpFrontendOptions } from '../options.ts'

/** An announce over HTTP. */
export class HttpAnnounce extends PlainAnnounce {
  /** Whether to answer with compact peers (BEP 23) instead of dictionaries (BEP 3). */
  readonly compact: boolean

  constructor(init: PlainAnnounceInit, compact: boolean) {
    super(init)
    this.compact = compact
  }
}

const MAX_PORT = 65_535

export const NO_INFO_HASH: ClientError = new ClientError('no info_hash parameter supplied')
export const INVALID_INFO_HASH: ClientError = new ClientError('provided invalid infohash')
const MANY_INFO_HASHES: ClientError = new ClientError('multiple info_hash parameters supplied')
const NO_PEER_ID: ClientError = new ClientError('failed to parse parameter: peer_id')
const INVALID_PEER_ID: ClientError = new ClientError('failed to provide valid peer_id')
const INVALID_NUMWANT: ClientError = new ClientError('failed to parse parameter: numwant')
const UNREADABLE_PORT: ClientError = new ClientError('failed to parse parameter: port')
const INVALID_LEFT: ClientError = new ClientError('failed to parse parameter: left')
const INVALID_DOWNLOADED: ClientError = new ClientError('failed to parse parameter: downloaded')
const INVALID_UPLOADED: ClientError = new ClientError('failed to parse parameter: uploaded')
const INVALID_EVENT: ClientError = new ClientError('failed to provide valid client event')

/**
 * Parses an announce from the raw request target, as Fastify's query object loses bytes that are
 * not UTF-8.
 * @throws {ClientError} for a malformed announce.
 */
export function parseAnnounce(
  request: FastifyRequest,
  frontend: Frontend,
  catchAll: string | undefined,
): HttpAnnounce {
  const { options } = frontend
  const target = request.raw.url as string
  const { path, queryStart, queryEnd } = splitTarget(target)
  const query = Query.parse(target, queryStart, queryEnd, frontend.announceQuery)
  // Must come first: parsing of the query stops at a second infohash.
  const infoHash = onlyInfoHash(query)
  const compact = wantsCompact(query, options.compactDefault)
  const left = integer(query, 'left', INVALID_LEFT)
  const event = eventOf(query)
  const { address, otherAddress } = frontend.addresses.of(request, query)
  const init: PlainAnnounceInit = {
    protocol: 'http',
    infoHash,
    peerId: peerId(query),
    address,
    otherAddress,
    port: peerPort(query, event, options.allowUnconnectable),
    key: clientKey(query.get('key') ?? ''),
    event,
    left,
    uploaded: integer(query, 'uploaded', INVALID_UPLOADED) ?? 0n,
    downloaded: integer(query, 'downloaded', INVALID_DOWNLOADED) ?? 0n,
    numWant: numWant(query, options),
    wantsPeerIds: !compact && query.get('no_peer_id') !== '1',
    params: new HttpParams(
      path,
      query,
      request.params as Record<string, string>,
      catchAll,
      request.raw.headers,
    ),
  }
  return new HttpAnnounce(init, compact)
}

function onlyInfoHash(query: Query): InfoHash {
  const [text] = query.infoHashes
  if (text === undefined) throw NO_INFO_HASH
  if (query.infoHashes.length > 1) throw MANY_INFO_HASHES
  const hash = infoHashFrom(text)
  if (hash === undefined) throw INVALID_INFO_HASH
  return hash
}

function peerId(query: Query): PeerId {
  const text = query.get('peer_id')
  if (text === undefined) throw NO_PEER_ID
  const id = peerIdFrom(text)
  if (id === undefined) throw INVALID_PEER_ID
  return id
}

/** Clients omit unknown numbers or leave them empty. */
function integer(query: Query, name: string, invalid: ClientError): bigint | undefined {
  const text = query.get(name)
  if (!text) return undefined
  const value = parseUint64(text)
  if (value === undefined) throw invalid
  return value
}

function eventOf(query: Query): AnnounceEvent {
  const parsed = eventFromName(query.get('event') ?? '')
  if (parsed === undefined) throw INVALID_EVENT
  return parsed
}

/**
 * The port on which a peer listens, 1 to 65535. Clients that require encryption send no port or
 * port 0, and the real one in `cryptoport`. Without any port the result is 0, if the client stops
 * or `allowUnconnectable` is set.
 * @throws {ClientError} for an invalid port. A client that stops is never refused.
 */
function peerPort(query: Query, event: AnnounceEvent, allowUnconnectable: boolean): number {
  const text = query.get('port') ?? ''
  const port = parsePort(text)
  if (isPort(port)) return port
  const isMissing = text === ''
  if (event !== 'stopped' && !isMissing && port !== 0)
    throw port === undefined ? UNREADABLE_PORT : INVALID_PORT
  const cryptoPort = parsePort(query.get('cryptoport') ?? '')
  if (isPort(cryptoPort)) return cryptoPort
  if (event === 'stopped' || allowUnconnectable) return 0
  throw isMissing ? UNREADABLE_PORT : INVALID_PORT
}

function isPort(port: number | undefined): port is number {
  return port !== undefined && port > 0 && port <= MAX_PORT
}

function parsePort(text: string): number | undefined {
  return text.startsWith('-') ? undefined : parseInteger(text)
}

/**
 * The number of peers in the answer: as requested up to the maximum, or the default if the client
 * names none or a negative number, as over UDP (BEP 15). Without `numwant`, a valid `num_want`
 * counts, though no known client sends it.
 * @throws {ClientError} for a `numwant` that is not a number.
 */
function numWant(
  query: Query,
  { defaultNumWant, maxNumWant }: Required<HttpFrontendOptions>,
): number {
  const text = query.get('numwant')
  const wanted = text ? parseInteger(text) : (parseInteger(query.get('num_want') ?? '') ?? -1)
  if (wanted === undefined) throw INVALID_NUMWANT
  return Math.min(wanted < 0 ? defaultNumWant : wanted, maxNumWant)
}

function wantsCompact(query: Query, byDefault: boolean): boolean {
  const text = query.get('compact')
  return text ? text !== '0' : byDefault
}

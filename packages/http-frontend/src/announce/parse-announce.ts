import {
  ClientError,
  clientKey,
  eventFromName,
  infoHashFrom,
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
import { numWant } from '../numwant.ts'
import { peerPort } from '../port.ts'

/** An announce with what its answer depends on over HTTP. */
export class HttpAnnounce extends PlainAnnounce {
  /** Answer with compact peers (BEP 23), not with dictionaries (BEP 3). */
  readonly compact: boolean

  constructor(init: PlainAnnounceInit, compact: boolean) {
    super(init)
    this.compact = compact
  }
}

export const NO_INFO_HASH: ClientError = new ClientError('no info_hash parameter supplied')
export const INVALID_INFO_HASH: ClientError = new ClientError('provided invalid infohash')
const MANY_INFO_HASHES: ClientError = new ClientError('multiple info_hash parameters supplied')
const NO_PEER_ID: ClientError = new ClientError('failed to parse parameter: peer_id')
const INVALID_PEER_ID: ClientError = new ClientError('failed to provide valid peer_id')
const INVALID_LEFT: ClientError = new ClientError('failed to parse parameter: left')
const INVALID_DOWNLOADED: ClientError = new ClientError('failed to parse parameter: downloaded')
const INVALID_UPLOADED: ClientError = new ClientError('failed to parse parameter: uploaded')
const INVALID_EVENT: ClientError = new ClientError('failed to provide valid client event')

/**
 * Reads an announce from the request target as the client sent it: Fastify's own query object has
 * lost the bytes that are not UTF-8.
 * @throws {ClientError} for what does not parse.
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
  // First of all: behind a second infohash, nothing of the query has been read.
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

/** Clients that do not know a number leave it out or empty. */
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

function wantsCompact(query: Query, byDefault: boolean): boolean {
  const text = query.get('compact')
  return text ? text !== '0' : byDefault
}

import {
  bdecode,
  parseAddress,
  type AddressFamily,
  type Bdecoded,
  type Endpoint,
  type InfoHash,
} from '@chihaya/bittorrent'
import { compactPeers } from '../compact-peers.ts'
import { InvalidAnswerError, TrackerFailure } from '../errors.ts'
import type { AnnounceAnswer, ScrapeAnswer } from '../tracker-client.ts'

/** What an answer over HTTP has beyond one over UDP. */
export interface HttpAnnounceAnswer extends AnnounceAnswer {
  /** Minimum seconds until the next announce. */
  readonly minInterval: number | undefined
  /** Completed downloads. */
  readonly downloaded: number | undefined
  /** The client's address as the tracker sees it (BEP 24): 4 or 16 bytes. */
  readonly externalAddress: Uint8Array | undefined
  readonly warning: string | undefined
}

export interface ReadOptions {
  /**
   * Accept what BitTorrent clients accept: unsorted keys, a line end after the answer, a
   * missing `interval` or `peers`, host names in place of addresses. Each is reported in `remarks`,
   * except for missing peers. @default false
   */
  readonly lenient?: boolean
}

// libtorrent's choice for trackers that do not name one.
const DEFAULT_INTERVAL = 1800
const LINE_ENDS: ReadonlySet<number | undefined> = new Set([0x0a, 0x0d])

type Dictionary = ReadonlyMap<string, Bdecoded>

/** Reads the body of an announce. @throws {TrackerFailure} @throws {InvalidAnswerError} */
export function readAnnounceBody(body: Uint8Array, options: ReadOptions = {}): HttpAnnounceAnswer {
  const { lenient = false } = options
  const remarks = new Set<string>()
  const answer = readAnswer(body, lenient, remarks)
  const external = optionalString(answer, 'external ip')
  return {
    interval: readInterval(answer, lenient, remarks),
    minInterval: optionalInteger(answer, 'min interval'),
    complete: optionalInteger(answer, 'complete'),
    incomplete: optionalInteger(answer, 'incomplete'),
    downloaded: optionalInteger(answer, 'downloaded'),
    externalAddress: external === undefined ? undefined : Buffer.from(external, 'latin1'),
    warning: optionalString(answer, 'warning message'),
    peers: [
      ...readPeers(answer, lenient, remarks),
      ...readPeerList(answer.get('peers6') ?? '', 'ipv6', lenient, remarks),
    ],
    remarks: [...remarks],
  }
}

/**
 * Reads the body of a scrape. @throws {TrackerFailure} @throws {InvalidAnswerError} also for a
 * missing infohash.
 */
export function readScrapeBody(
  body: Uint8Array,
  infoHashes: readonly InfoHash[],
  { lenient = false }: ReadOptions = {},
): ScrapeAnswer[] {
  const files = dictionary(readAnswer(body, lenient, new Set()).get('files'), 'files')
  return infoHashes.map((infoHash) => {
    const entry = dictionary(files.get(infoHash), 'the entry of an infohash')
    return {
      complete: integer(entry, 'complete'),
      incomplete: integer(entry, 'incomplete'),
      downloaded: integer(entry, 'downloaded'),
      ...(entry.has('downloaders') ? { downloaders: integer(entry, 'downloaders') } : {}),
    }
  })
}

function readAnswer(body: Uint8Array, lenient: boolean, remarks: Set<string>): Dictionary {
  const answer = lenient ? decodeLeniently(body, remarks) : decode(body)
  if (!answer.has('failure reason')) return answer
  const reason = answer.get('failure reason')
  const retryIn = answer.get('retry in')
  throw new TrackerFailure(
    typeof reason === 'string' ? reason : 'no reason given',
    retryIn === 'never' || typeof retryIn === 'number' ? retryIn : undefined,
  )
}

/** Chihaya v2 itself writes its keys in random order. */
function decodeLeniently(body: Uint8Array, remarks: Set<string>): Dictionary {
  let end = body.length
  while (LINE_ENDS.has(body[end - 1])) end--
  if (end < body.length) remarks.add('a line end follows the answer')
  const value = body.subarray(0, end)
  try {
    return decode(value)
  } catch {
    const answer = decode(value, true)
    remarks.add('the keys of the answer are not sorted, as BEP 3 requires')
    return answer
  }
}

function decode(bytes: Uint8Array, unsortedKeys = false): Dictionary {
  let value: Bdecoded
  try {
    value = bdecode(bytes, { unsortedKeys })
  } catch (error) {
    throw new InvalidAnswerError('the answer is not bencoded', { cause: error })
  }
  return dictionary(value, 'the answer')
}

function readInterval(answer: Dictionary, lenient: boolean, remarks: Set<string>): number {
  if (!lenient || answer.has('interval')) return integer(answer, 'interval')
  remarks.add(`the answer has no interval; ${DEFAULT_INTERVAL} s is assumed`)
  return DEFAULT_INTERVAL
}

function readPeers(answer: Dictionary, lenient: boolean, remarks: Set<string>): Endpoint[] {
  const peers = answer.get('peers') ?? (lenient ? '' : undefined)
  if (peers === undefined) throw new InvalidAnswerError('the answer has no peers')
  return readPeerList(peers, 'ipv4', lenient, remarks)
}

/** Compact peers of a family, or dictionaries of either. */
function readPeerList(
  peers: Bdecoded,
  family: AddressFamily,
  lenient: boolean,
  remarks: Set<string>,
): Endpoint[] {
  if (typeof peers === 'string') return compactPeers(Buffer.from(peers, 'latin1'), family)
  if (!Array.isArray(peers)) throw new InvalidAnswerError('the peers are not a list')
  return peers.flatMap((peer) => {
    const entry = dictionary(peer, 'a peer')
    const address = parseAddress(optionalString(entry, 'ip') ?? '')
    if (address) return { address, port: integer(entry, 'port') }
    if (!lenient) throw new InvalidAnswerError("a peer's ip is not an address")
    remarks.add("a peer's ip is not an address")
    return []
  })
}

function dictionary(value: Bdecoded | undefined, what: string): Dictionary {
  if (!(value instanceof Map)) throw new InvalidAnswerError(`${what} is not a dictionary`)
  return value
}

function integer(entries: Dictionary, key: string): number {
  const value = entries.get(key)
  if (typeof value !== 'number') throw new InvalidAnswerError(`${key} is not an integer`)
  return value
}

function optionalInteger(entries: Dictionary, key: string): number | undefined {
  return entries.has(key) ? integer(entries, key) : undefined
}

function optionalString(entries: Dictionary, key: string): string | undefined {
  const value = entries.get(key)
  if (value !== undefined && typeof value !== 'string')
    throw new InvalidAnswerError(`${key} is not a string`)
  return value
}

import {
  bdecode,
  readCompactPeers,
  parseAddress,
  type Bdecoded,
  type Endpoint,
  type InfoHash,
} from '@chihaya/bittorrent'
import type { AnnounceAnswer, ScrapeAnswer } from './tracker-client.ts'
import { TrackerFailure } from './tracker-failure.ts'

/** What HTTP says beyond UDP. */
export interface HttpAnnounceAnswer extends AnnounceAnswer {
  /** Seconds before which not to announce again. */
  readonly minInterval: number | undefined
  /** Downloads completed. */
  readonly downloaded: number | undefined
  /** The asker's address as the tracker sees it (BEP 24): 4 or 16 bytes. */
  readonly externalAddress: Uint8Array | undefined
  readonly warning: string | undefined
}

type Dictionary = ReadonlyMap<string, Bdecoded>

/** Reads the body of an announce. @throws {TrackerFailure} @throws {SyntaxError} */
export function readAnnounceBody(body: Uint8Array): HttpAnnounceAnswer {
  const answer = readDictionary(body)
  const external = optionalString(answer, 'external ip')
  return {
    interval: integer(answer, 'interval'),
    minInterval: answer.has('min interval') ? integer(answer, 'min interval') : undefined,
    complete: integer(answer, 'complete'),
    incomplete: integer(answer, 'incomplete'),
    downloaded: answer.has('downloaded') ? integer(answer, 'downloaded') : undefined,
    externalAddress: external === undefined ? undefined : Buffer.from(external, 'latin1'),
    warning: optionalString(answer, 'warning message'),
    peers: [...readPeers(answer), ...readPeers6(answer)],
  }
}

/**
 * Reads the body of a scrape. @throws {TrackerFailure} @throws {SyntaxError} also when an infohash
 * is missing.
 */
export function readScrapeBody(body: Uint8Array, infoHashes: readonly InfoHash[]): ScrapeAnswer[] {
  const files = dictionary(readDictionary(body).get('files'), 'files')
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

function readDictionary(body: Uint8Array): Dictionary {
  const answer = dictionary(bdecode(body), 'the answer')
  const failure = optionalString(answer, 'failure reason')
  if (failure !== undefined) throw new TrackerFailure(failure)
  return answer
}

function readPeers(answer: Dictionary): Endpoint[] {
  const peers = answer.get('peers')
  if (typeof peers === 'string') return readCompact(peers, 'ipv4')
  if (!Array.isArray(peers)) throw new SyntaxError('tracker answer: peers is missing')
  return peers.map((peer) => {
    const entry = dictionary(peer, 'a peer')
    const address = parseAddress(optionalString(entry, 'ip') ?? '')
    if (!address) throw new SyntaxError('tracker answer: the ip of a peer is no address')
    return { address, port: integer(entry, 'port') }
  })
}

function readPeers6(answer: Dictionary): Endpoint[] {
  return readCompact(optionalString(answer, 'peers6') ?? '', 'ipv6')
}

function readCompact(peers: string, family: 'ipv4' | 'ipv6'): Endpoint[] {
  try {
    return readCompactPeers(Buffer.from(peers, 'latin1'), family)
  } catch (error) {
    throw new SyntaxError('tracker answer: compact peers of a wrong length', { cause: error })
  }
}

function dictionary(value: Bdecoded | undefined, what: string): Dictionary {
  if (!(value instanceof Map)) throw new SyntaxError(`tracker answer: ${what} is no dictionary`)
  return value
}

function integer(entries: Dictionary, key: string): number {
  const value = entries.get(key)
  if (typeof value !== 'number') throw new SyntaxError(`tracker answer: ${key} is no integer`)
  return value
}

function optionalString(entries: Dictionary, key: string): string | undefined {
  const value = entries.get(key)
  if (value !== undefined && typeof value !== 'string')
    throw new SyntaxError(`tracker answer: ${key} is no string`)
  return value
}

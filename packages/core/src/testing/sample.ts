import {
  addressFamily,
  infoHashFrom,
  parseAddress,
  peerIdFrom,
  type InfoHash,
  type Params,
  type PeerId,
  type ScrapeEntry,
} from '@chihaya/bittorrent'
import type { Announce } from '../announce/announce.ts'
import { Answer } from '../announce/answer.ts'
import type { Network } from '../announce/network.ts'
import { PlainAnnounce, type PlainAnnounceInit } from '../announce/plain-announce.ts'
import { PlainScrape, ScrapeAnswer, type Scrape } from '../announce/scrape.ts'
import { isPromise, type MaybePromise } from '../maybe-promise.ts'

const NO_PARAMS: Params = { path: '/announce', get: () => undefined, route: () => undefined }

/** Changes of a sample announce. A tracker decides the last five. */
export type AnnounceChanges = Partial<PlainAnnounceInit> &
  Partial<Pick<Announce, 'transition' | 'leechersOnly' | 'publicOnly' | 'owner' | 'seeding'>>

/** The `number`th infohash of a test. */
export function sampleInfoHash(number: number): InfoHash {
  return infoHashFrom(
    String.fromCharCode(number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff).padEnd(20, 'H'),
  ) as InfoHash
}

/** The `number`th peer id of a test. */
export function samplePeerId(number: number): PeerId {
  return peerIdFrom(`-TS0001-${String(number).padStart(12, '0')}`) as PeerId
}

/** The bytes of an address. @throws {TypeError} for text that is not one. */
export function address(text: string): Uint8Array {
  const bytes = parseAddress(text)
  if (!bytes) throw new TypeError(`${text} is not an address`)
  return bytes
}

/**
 * A leecher's announce from 10.0.0.1:6881 to the first sample swarm, with `changes`. It suits
 * stores and trackers.
 */
export function sampleAnnounce(changes: AnnounceChanges = {}): PlainAnnounce {
  const announce = new PlainAnnounce({
    protocol: 'http',
    infoHash: sampleInfoHash(1),
    peerId: samplePeerId(1),
    address: address('10.0.0.1'),
    port: 6881,
    event: 'none',
    left: 1000n,
    uploaded: 0n,
    downloaded: 0n,
    numWant: 50,
    wantsPeerIds: false,
    params: NO_PARAMS,
    ...changes,
  })
  announce.transition = changes.transition ?? 'leecher'
  announce.leechersOnly = changes.leechersOnly ?? false
  announce.publicOnly = changes.publicOnly ?? false
  announce.owner = changes.owner ?? 0
  announce.seeding = changes.seeding ?? announce.seeding
  return announce
}

/** Extra capacity, so that tests notice a store that gives too many peers. */
const SPARE = 16

/** The same announce with changes. */
export function changedAnnounce(announce: Announce, changes: AnnounceChanges): PlainAnnounce {
  const {
    protocol,
    infoHash,
    peerId,
    address: from,
    otherAddress,
    port,
    handle,
    key,
    event,
    left,
    uploaded,
    downloaded,
  } = announce
  const { numWant, wantsPeerIds, params, transition, leechersOnly, publicOnly, owner, seeding } =
    announce
  const sent = {
    protocol,
    infoHash,
    peerId,
    address: from,
    otherAddress,
    port,
    handle,
    key,
    event,
    left,
    uploaded,
    downloaded,
  }
  const decided = { transition, leechersOnly, publicOnly, owner, seeding }
  return sampleAnnounce({ ...sent, ...decided, numWant, wantsPeerIds, params, ...changes })
}

/** An answer with room for all peers that the announce wants. */
export function preparedAnswer(announce: Announce): Answer {
  const answer = new Answer()
  answer.takesOtherFamily = true
  answer.peers.reserve(
    announce.handle === 0 ? addressFamily(announce.address) : 'ipv4',
    announce.numWant + SPARE,
    announce.wantsPeerIds,
  )
  answer.want = announce.numWant
  return answer
}

/** `Value`, as a promise if `Result` is one. */
type Alike<Result, Value> = Result extends Promise<void> ? Promise<Value> : Value

/**
 * Announces to a store or a tracker like a frontend. The answer has room for all peers that the
 * announce wants. It is a promise only if the target returns one.
 */
export function announceTo<Result extends MaybePromise<void>>(
  target: { announce(announce: Announce, answer: Answer): Result },
  announce: Announce,
): Alike<Result, Answer> {
  const answer = preparedAnswer(announce)
  const pending: MaybePromise<void> = target.announce(announce, answer)
  return (isPromise(pending) ? pending.then(() => answer) : answer) as Alike<Result, Answer>
}

/** A scrape of the first sample swarm over IPv4, or of other infohashes or over another network. */
export function sampleScrape(
  infoHashes: readonly InfoHash[] = [sampleInfoHash(1)],
  network: Network = 'ipv4',
): PlainScrape {
  const from = address(network === 'ipv6' ? '2001:db8::1' : '10.0.0.1')
  const scrape = new PlainScrape('http', infoHashes, from, NO_PARAMS)
  scrape.webrtc = network === 'webrtc'
  return scrape
}

/** Scrapes a store or a tracker over a network. Returns a row for each infohash. */
export function scrapeFrom<Result extends MaybePromise<void>>(
  target: { scrape(scrape: Scrape, answer: ScrapeAnswer): Result },
  infoHashes: readonly InfoHash[],
  network: Network = 'ipv4',
): Alike<Result, ScrapeEntry[]> {
  const answer = new ScrapeAnswer()
  answer.begin(infoHashes.length, 0)
  const pending: MaybePromise<void> = target.scrape(sampleScrape(infoHashes, network), answer)
  const rows = isPromise(pending) ? pending.then(() => scrapeRows(answer)) : scrapeRows(answer)
  return rows as Alike<Result, ScrapeEntry[]>
}

/** The rows of an answer as objects. */
export function scrapeRows(answer: ScrapeAnswer): ScrapeEntry[] {
  return Array.from({ length: answer.count }, (_, index) => ({
    complete: answer.complete(index),
    incomplete: answer.incomplete(index),
    downloaders: answer.downloaders(index),
    downloaded: answer.downloaded(index),
  }))
}

import { INFO_HASH_LENGTH, type InfoHash } from '@chihaya/bittorrent'
import type { Network } from '@chihaya/core'

const INFO_HASH_PATTERN = '?'.repeat(INFO_HASH_LENGTH)
const TAG_START = '{s'

const LETTER: Readonly<Record<Network, string>> = { ipv4: '4', ipv6: '6', webrtc: 'w' }

/** Suffixes of the keys that the announce script takes, in its order. */
const OF_ANNOUNCE: Readonly<Record<Network, readonly string[]>> = {
  ipv4: ['4', '4i', 'd', 'c', '6', 'w'],
  ipv6: ['6', '6i', 'd', 'c', '4', 'w'],
  webrtc: ['w', 'wi', 'd', 'c', '4', '6'],
}
const OF_PROBE = ['p', 'pi', 'pd', 'pc', 'p6', 'pw']

/**
 * The names of all keys. The keys of one torrent share a hash tag, so that one script may use them
 * in a cluster:
 *
 *     chihaya:{s<infohash>}4    sorted set of endpoints      chihaya:{s<infohash>}6    for IPv6
 *     chihaya:{s<infohash>}4i   hash, endpoint → record      chihaya:{s<infohash>}6i   for IPv6
 *     chihaya:{s<infohash>}w    sorted set of handles        chihaya:{s<infohash>}wi   for WebRTC
 *     chihaya:{s<infohash>}d    string, downloads completed
 *     chihaya:{s<infohash>}c    sorted set of endpoints and clients whose download was counted
 *     chihaya:{s<infohash>}p…   the same, for the peer of write probes
 *
 * The infohash is its 20 bytes. Without the letter before it, an infohash that begins with a brace
 * would make the tag empty, and the whole key would be hashed. A brace further on shortens the tag,
 * for all keys of the torrent alike.
 */
export class Keys {
  /** The totals of all swarms. */
  readonly totals: Buffer
  /** The lock of the tracker that counts them. */
  readonly lock: Buffer
  /** The networks whose peers are stored. */
  readonly networks: readonly Network[]
  readonly #prefix: string

  constructor(prefix: string, networks: readonly Network[]) {
    this.networks = networks
    this.#prefix = prefix
    this.totals = Buffer.from(`${prefix}{t}totals`, 'latin1')
    this.lock = Buffer.from(`${prefix}{t}lock`, 'latin1')
  }

  /** The infohash in the key of a swarm. */
  infoHashOf(swarm: Buffer): InfoHash {
    const from = this.#prefix.length + TAG_START.length
    return swarm.toString('latin1', from, from + INFO_HASH_LENGTH) as InfoHash
  }

  /**
   * The first `count` keys of the announce script: swarm, records, downloads, counted downloads,
   * swarms of the other networks.
   */
  ofAnnounce(infoHash: InfoHash, network: Network, count: number): string[] {
    return this.#keys(infoHash, OF_ANNOUNCE[network], count)
  }

  /** Keys next to those of a torrent, for the announce script. A scan does not find them. */
  ofProbe(infoHash: InfoHash, count: number): string[] {
    return this.#keys(infoHash, OF_PROBE, count)
  }

  /** The keys of the scrape script: swarm and downloads. */
  ofScrape(infoHash: InfoHash, network: Network): [swarm: string, downloads: string] {
    return [this.#key(infoHash, LETTER[network]), this.#key(infoHash, 'd')]
  }

  /**
   * The keys of the count script: a swarm, and those of the same torrent in the networks before its
   * own.
   */
  ofCount(swarm: Buffer): Array<Buffer | string> {
    const before = this.networks.slice(0, this.networks.indexOf(networkOfSwarm(swarm)))
    const infoHash = this.infoHashOf(swarm)
    return [swarm, ...before.map((network) => this.#key(infoHash, LETTER[network]))]
  }

  /** The pattern with which `SCAN` finds all swarms, given a prefix that the client adds. */
  swarmPattern(clientPrefix: string): string {
    const prefix = `${clientPrefix}${this.#prefix}`.replaceAll(/[*?[\]\\]/g, String.raw`\$&`)
    const letters = this.networks.map((network) => LETTER[network]).join('')
    return `${prefix}${TAG_START}${INFO_HASH_PATTERN}}[${letters}]`
  }

  #keys(infoHash: InfoHash, suffixes: readonly string[], count: number): string[] {
    const keys = []
    for (let index = 0; index < count; index++)
      keys.push(this.#key(infoHash, suffixes[index] as string))
    return keys
  }

  #key(infoHash: InfoHash, suffix: string): string {
    return `${this.#prefix}${TAG_START}${infoHash}}${suffix}`
  }
}

const RECORDS = Buffer.from('i')

/** The network of a swarm's key. */
export function networkOfSwarm(swarm: Buffer): Network {
  const letter = String.fromCharCode(swarm.at(-1) as number)
  if (letter === LETTER.ipv4) return 'ipv4'
  return letter === LETTER.ipv6 ? 'ipv6' : 'webrtc'
}

/** The key of a swarm's records. */
export function recordsOfSwarm(swarm: Buffer): Buffer {
  return Buffer.concat([swarm, RECORDS])
}

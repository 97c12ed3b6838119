import { INFO_HASH_LENGTH, type AddressFamily, type InfoHash } from '@chihaya/bittorrent'

const INFO_HASH_PATTERN = '?'.repeat(INFO_HASH_LENGTH)
const TAG_START = '{s'

/** Suffixes of the keys that the announce script takes, in its order. */
const OF_ANNOUNCE: Readonly<Record<AddressFamily, readonly string[]>> = {
  ipv4: ['4', '4i', 'd', 'c', '6'],
  ipv6: ['6', '6i', 'd', 'c', '4'],
}
const OF_PROBE = ['p', 'pi', 'pd', 'pc', 'p6']

/**
 * The names of all keys. The keys of one torrent share a hash tag, so that one script may use them
 * in a cluster:
 *
 *     chihaya:{s<infohash>}4    sorted set of endpoints      chihaya:{s<infohash>}6    for IPv6
 *     chihaya:{s<infohash>}4i   hash, endpoint → peer id     chihaya:{s<infohash>}6i   for IPv6
 *     chihaya:{s<infohash>}d    string, downloads completed
 *     chihaya:{s<infohash>}c    sorted set of endpoints and clients whose download was counted
 *     chihaya:{s<infohash>}p…   the same, for the peer with which writes are tried
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
  readonly #prefix: string

  constructor(prefix: string) {
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
   * The first `count` keys of the announce script: swarm, peer ids, downloads, counted downloads,
   * swarm of the other family.
   */
  ofAnnounce(infoHash: InfoHash, family: AddressFamily, count: number): Buffer[] {
    return this.#keys(infoHash, OF_ANNOUNCE[family], count)
  }

  /** Keys next to those of a torrent, for the announce script. A scan does not find them. */
  ofProbe(infoHash: InfoHash, count: number): Buffer[] {
    return this.#keys(infoHash, OF_PROBE, count)
  }

  /** The keys of the scrape script: swarm and downloads. */
  ofScrape(infoHash: InfoHash, family: AddressFamily): [swarm: Buffer, downloads: Buffer] {
    return [this.#key(infoHash, family === 'ipv4' ? '4' : '6'), this.#key(infoHash, 'd')]
  }

  /** The pattern with which `SCAN` finds all swarms, given a prefix that the client adds. */
  swarmPattern(clientPrefix: string): string {
    const prefix = `${clientPrefix}${this.#prefix}`.replaceAll(/[*?[\]\\]/g, String.raw`\$&`)
    return `${prefix}${TAG_START}${INFO_HASH_PATTERN}}[46]`
  }

  #keys(infoHash: InfoHash, suffixes: readonly string[], count: number): Buffer[] {
    const keys = []
    for (let index = 0; index < count; index++)
      keys.push(this.#key(infoHash, suffixes[index] as string))
    return keys
  }

  #key(infoHash: InfoHash, suffix: string): Buffer {
    return Buffer.from(`${this.#prefix}${TAG_START}${infoHash}}${suffix}`, 'latin1')
  }
}

const PEER_IDS = Buffer.from('i')
const IPV4 = '4'.charCodeAt(0)

/** The family of a swarm's key. */
export function familyOfSwarm(swarm: Buffer): AddressFamily {
  return swarm.at(-1) === IPV4 ? 'ipv4' : 'ipv6'
}

/** The key of the same torrent's swarm in the other family. */
export function siblingOfSwarm(swarm: Buffer): Buffer {
  const sibling = Buffer.from(swarm)
  sibling.write(familyOfSwarm(swarm) === 'ipv4' ? '6' : '4', swarm.length - 1)
  return sibling
}

/** The key of a swarm's peer ids. */
export function peerIdsOfSwarm(swarm: Buffer): Buffer {
  return Buffer.concat([swarm, PEER_IDS])
}

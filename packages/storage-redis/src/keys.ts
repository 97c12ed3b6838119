import { INFO_HASH_LENGTH, type AddressFamily, type InfoHash } from '@chihaya/bittorrent'

const FAMILY_LETTER: Readonly<Record<AddressFamily, string>> = { ipv4: '4', ipv6: '6' }
const INFO_HASH_PATTERN = '?'.repeat(INFO_HASH_LENGTH)
const ANNOUNCE_SUFFIXES = {
  ipv4: ['4', '4i', 'd', 'c', '6'],
  ipv6: ['6', '6i', 'd', 'c', '4'],
} as const
const TAG_START = '{s'

/**
 * The names of all keys. Those of one torrent share a hash tag, so that one script may use them in
 * a cluster:
 *
 *     chihaya:{s<infohash>}4    sorted set of endpoints      chihaya:{s<infohash>}6    likewise for IPv6
 *     chihaya:{s<infohash>}4i   hash, endpoint → peer id     chihaya:{s<infohash>}6i   likewise for IPv6
 *     chihaya:{s<infohash>}d    string, downloads completed
 *     chihaya:{s<infohash>}c    sorted set of those whose download has been counted
 *     chihaya:{s<infohash>}p…   likewise, of a peer that only tries whether Redis takes writes
 *
 * The infohash is its 20 bytes. The letter before it keeps the tag from being empty where it begins
 * with a brace, in which case the whole key would be hashed; a brace further on cuts the tag short,
 * for all keys of the torrent alike.
 */
export class Keys {
  /** The keys of the totals over all swarms and of the lock of those who count them. */
  readonly totals: Buffer
  readonly lock: Buffer
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
    this.totals = Buffer.from(`${prefix}{t}totals`, 'latin1')
    this.lock = Buffer.from(`${prefix}{t}lock`, 'latin1')
  }

  /** The torrent whose peers a key of `swarm` holds. */
  infoHashOf(swarm: Buffer): InfoHash {
    const from = this.#prefix.length + TAG_START.length
    return swarm.toString('latin1', from, from + INFO_HASH_LENGTH) as InfoHash
  }

  /** The keys of the announce script, as many as it takes. */
  ofAnnounce(infoHash: InfoHash, family: AddressFamily, count: number): Buffer[] {
    return ANNOUNCE_SUFFIXES[family].slice(0, count).map((suffix) => this.#key(infoHash, suffix))
  }

  /** The peers of a torrent and family. */
  swarm(infoHash: InfoHash, family: AddressFamily): Buffer {
    return this.#key(infoHash, FAMILY_LETTER[family])
  }

  /** Their peer ids. */
  peerIds(infoHash: InfoHash, family: AddressFamily): Buffer {
    return this.#key(infoHash, `${FAMILY_LETTER[family]}i`)
  }

  /** The downloads of a torrent. */
  downloaded(infoHash: InfoHash): Buffer {
    return this.#key(infoHash, 'd')
  }

  /** The endpoints and clients whose download of a torrent has been counted. */
  counted(infoHash: InfoHash): Buffer {
    return this.#key(infoHash, 'c')
  }

  /**
   * Keys beside those of a torrent, in the order in which the announce script takes them: no scan
   * finds them.
   */
  probe(infoHash: InfoHash): Buffer[] {
    return ['p', 'pi', 'pd', 'pc', 'p6'].map((suffix) => this.#key(infoHash, suffix))
  }

  /**
   * What `SCAN … MATCH` takes to find the peers of every torrent, as one who puts `before` in front
   * of all keys has them.
   */
  swarmPattern(before: string): string {
    const literal = `${before}${this.#prefix}`.replaceAll(/[*?[\]\\]/g, String.raw`\$&`)
    return `${literal}${TAG_START}${INFO_HASH_PATTERN}}[46]`
  }

  #key(infoHash: InfoHash, suffix: string): Buffer {
    return Buffer.from(`${this.#prefix}${TAG_START}${infoHash}}${suffix}`, 'latin1')
  }
}

const PEER_IDS = Buffer.from('i')
const IPV4 = FAMILY_LETTER.ipv4.charCodeAt(0)

/** The family whose peers a key of `Keys.swarm` holds. */
export function familyOfSwarm(key: Buffer): AddressFamily {
  return key.at(-1) === IPV4 ? 'ipv4' : 'ipv6'
}

/** The key of the same torrent's peers in the other family. */
export function siblingOfSwarm(key: Buffer): Buffer {
  const sibling = Buffer.from(key)
  sibling.write(FAMILY_LETTER[familyOfSwarm(key) === 'ipv4' ? 'ipv6' : 'ipv4'], key.length - 1)
  return sibling
}

/** The key of the peer ids of the peers of a swarm's key. */
export function peerIdsOfSwarm(key: Buffer): Buffer {
  return Buffer.concat([key, PEER_IDS])
}

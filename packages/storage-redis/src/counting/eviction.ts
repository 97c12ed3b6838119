import { createHash } from 'node:crypto'
import { byteString, COMPACT_IPV6, PEER_ID_LENGTH, type PeerId } from '@chihaya/bittorrent'
import type { EvictionRules } from '@chihaya/core'
import type { CommandDetails } from '../connection/pending-commands.ts'
import { peerIdsOfSwarm } from '../keys.ts'
import { DROP_SWARM, removePeersScript } from '../lua/remove.ts'
import { defineScript, type Script } from '../connection/script.ts'
import { scanSwarms, type SwarmScan } from './scan-swarms.ts'

/** Swarms that are looked at together. */
const SWARMS_AT_ONCE = 50
/** Peers of a swarm that one command reads, about, and that one script removes at most. */
const READ_AT_ONCE = 200
const REMOVED_AT_ONCE = 100
/** Bytes of an endpoint's port. */
const PORT_LENGTH = 2
/** Bytes of the digest by which the hash of peer ids knows an IPv6 endpoint. */
const DIGEST_LENGTH = 8

const REMOVING: CommandDetails = { effect: 'removes' }
/** Where it does not matter which peer id a peer has. */
const ANY_PEER_ID = Buffer.alloc(PEER_ID_LENGTH)

/** A peer to remove, and the peer id for which it is removed. */
interface Refused {
  readonly endpoint: Buffer
  readonly peerId: Buffer
}

/**
 * Removes peers by rules from all swarms. It reads a part of a swarm at a time, so that announces
 * come in between; what has changed by the time that a peer is removed is looked at again, so that
 * any number of trackers may do this at once.
 */
export class Eviction {
  readonly #scan: SwarmScan
  readonly #storePeerIds: boolean
  readonly #drop: Script<number>
  readonly #remove: Script<number>

  constructor(scan: SwarmScan, storePeerIds: boolean) {
    this.#scan = scan
    this.#storePeerIds = storePeerIds
    this.#drop = defineScript(scan.link.client, DROP_SWARM, 2)
    this.#remove = defineScript(scan.link.client, removePeersScript(storePeerIds), 2)
  }

  /** How many peers have been removed. Rejects with a `Fault`. */
  async run(rules: EvictionRules): Promise<number> {
    let removed = 0
    for await (const found of scanSwarms(this.#scan)) {
      for (let first = 0; first < found.length; first += SWARMS_AT_ONCE) {
        const some = found.slice(first, first + SWARMS_AT_ONCE)
        // oxlint-disable-next-line no-await-in-loop
        const counts = await Promise.all(some.map((swarm) => this.#evictFrom(swarm, rules)))
        removed += counts.reduce((sum, count) => sum + count, 0)
      }
    }
    return removed
  }

  async #evictFrom(swarm: Buffer, rules: EvictionRules): Promise<number> {
    const { link, keys } = this.#scan
    if (rules.infoHash?.(keys.infoHashOf(swarm)) === true) {
      return link.send(() => this.#drop(swarm, peerIdsOfSwarm(swarm)), REMOVING)
    }
    const byPeerId = rules.peerId !== undefined && this.#storePeerIds
    if (rules.address === undefined && !byPeerId) return 0
    let [removed, cursor] = [0, '0']
    do {
      const from = cursor
      // oxlint-disable-next-line no-await-in-loop
      const [next, found] = await link.send(() =>
        link.client.zscanBuffer(swarm, from, 'COUNT', READ_AT_ONCE),
      )
      const endpoints = found.filter((_, index) => index % 2 === 0)
      // oxlint-disable-next-line no-await-in-loop
      const peerIds = byPeerId && endpoints.length > 0 ? await this.#peerIds(swarm, endpoints) : []
      const refused = endpoints.flatMap((endpoint, index) =>
        refusedPeer(rules, endpoint, peerIds[index]),
      )
      // oxlint-disable-next-line no-await-in-loop
      removed += await this.#removeFrom(swarm, refused)
      cursor = next.toString()
    } while (cursor !== '0')
    return removed
  }

  async #peerIds(swarm: Buffer, endpoints: readonly Buffer[]): Promise<Array<Buffer | null>> {
    const { link } = this.#scan
    return link.send(() =>
      link.client.hmgetBuffer(peerIdsOfSwarm(swarm), ...endpoints.map(fieldOf)),
    )
  }

  async #removeFrom(swarm: Buffer, refused: readonly Refused[]): Promise<number> {
    const { link } = this.#scan
    let removed = 0
    for (let first = 0; first < refused.length; first += REMOVED_AT_ONCE) {
      const some = refused.slice(first, first + REMOVED_AT_ONCE)
      const peers = Buffer.concat(some.flatMap(({ endpoint, peerId }) => [endpoint, peerId]))
      const width = some[0]?.endpoint.length ?? 0
      // oxlint-disable-next-line no-await-in-loop
      removed += await link.send(
        () => this.#remove(swarm, peerIdsOfSwarm(swarm), width, peers),
        REMOVING,
      )
    }
    return removed
  }
}

/** A peer, if a rule names it. */
function refusedPeer(
  rules: EvictionRules,
  endpoint: Buffer,
  peerId: Buffer | null | undefined,
): Refused[] {
  if (rules.address?.(endpoint.subarray(0, -PORT_LENGTH)) === true)
    return [{ endpoint, peerId: ANY_PEER_ID }]
  if (peerId && rules.peerId?.(byteString(peerId) as PeerId) === true) return [{ endpoint, peerId }]
  return []
}

/** What the hash of peer ids calls an endpoint. */
function fieldOf(endpoint: Buffer): Buffer {
  if (endpoint.length !== COMPACT_IPV6) return endpoint
  return createHash('sha1').update(endpoint).digest().subarray(0, DIGEST_LENGTH)
}

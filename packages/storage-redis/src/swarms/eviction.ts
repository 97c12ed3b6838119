import { createHash } from 'node:crypto'
import { byteString, COMPACT_IPV6, PEER_ID_LENGTH, type PeerId } from '@chihaya/bittorrent'
import type { EvictionRules } from '@chihaya/core'
import { defineScript, type Script } from '../connection/client.ts'
import type { CommandDetails } from '../connection/pending-commands.ts'
import { peerIdsOfSwarm } from '../keys.ts'
import { FIELD } from '../lua/swarm.ts'
import { scanSwarms, type SwarmScan } from './scan-swarms.ts'

/** Swarms that are examined at the same time. */
const SWARMS_AT_ONCE = 50
/** Peers of a swarm that one command reads, roughly. */
const READ_AT_ONCE = 200
/** Peers that one script removes at most. */
const REMOVED_AT_ONCE = 100
/** Bytes of an endpoint's port. */
const PORT_LENGTH = 2
/** Bytes of the digest that names an IPv6 endpoint in the hash of peer ids. */
const DIGEST_LENGTH = 8

const REMOVING: CommandDetails = { effect: 'removes' }
/** Matches every peer id. */
const ANY_PEER_ID = Buffer.alloc(PEER_ID_LENGTH)

/** KEYS: swarm, peer ids. Removes all peers of a swarm, however large; returns how many. */
const DROP_SWARM = `
local count = redis.call('ZCARD', KEYS[1])
redis.call('UNLINK', KEYS[1], KEYS[2])
return count
`

/**
 * KEYS: swarm, peer ids. ARGV: bytes of an endpoint, then the peers to remove: endpoint, and 20
 * bytes of peer id. A peer that has another peer id by now stays; zeros match any. Returns how many
 * were removed.
 */
function removePeersScript(storePeerIds: boolean): string {
  const withIds = (lua: string): string => (storePeerIds ? lua : '')
  return `
local call = redis.call
${withIds(FIELD)}
local width, any, removed = tonumber(ARGV[1]), string.rep('\\0', 20), 0
for at = 1, #ARGV[2], width + 20 do
  local peer = string.sub(ARGV[2], at, at + width - 1)
  local peer_id = string.sub(ARGV[2], at + width, at + width + 19)
  ${withIds(`local name = width == ${COMPACT_IPV6} and field(peer) or peer`)}
  if peer_id == any${withIds(` or call('HGET', KEYS[2], name) == peer_id`)} then
    removed = removed + call('ZREM', KEYS[1], peer)
    ${withIds(`call('HDEL', KEYS[2], name)`)}
  end
end
return removed
`
}

/** A peer to remove, and the peer id that it must still have. */
interface RefusedPeer {
  readonly endpoint: Buffer
  readonly peerId: Buffer
}

/**
 * Removes peers by rules from all swarms. It reads part of a swarm at a time, so that announces come
 * in between. A script checks a peer again before it removes it, so that any number of trackers may
 * do this at the same time.
 */
export class Eviction {
  readonly #scan: SwarmScan
  readonly #storePeerIds: boolean
  readonly #drop: Script<number>
  readonly #remove: Script<number>

  constructor(scan: SwarmScan, storePeerIds: boolean) {
    const { client } = scan.connection
    this.#scan = scan
    this.#storePeerIds = storePeerIds
    this.#drop = defineScript(client, DROP_SWARM, 2)
    this.#remove = defineScript(client, removePeersScript(storePeerIds), 2)
  }

  /** Returns how many peers were removed. Rejects with a `Fault`. */
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
    const { connection, keys } = this.#scan
    if (rules.infoHash?.(keys.infoHashOf(swarm)) === true) {
      return connection.send(() => this.#drop(swarm, peerIdsOfSwarm(swarm)), REMOVING)
    }
    const byPeerId = rules.peerId !== undefined && this.#storePeerIds
    if (rules.address === undefined && !byPeerId) return 0
    let [removed, cursor] = [0, '0']
    do {
      const from = cursor
      // oxlint-disable-next-line no-await-in-loop
      const [next, found] = await connection.send(() =>
        connection.client.zscanBuffer(swarm, from, 'COUNT', READ_AT_ONCE),
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
    const { connection } = this.#scan
    return connection.send(() =>
      connection.client.hmgetBuffer(peerIdsOfSwarm(swarm), ...endpoints.map(fieldOf)),
    )
  }

  async #removeFrom(swarm: Buffer, refused: readonly RefusedPeer[]): Promise<number> {
    let removed = 0
    for (let first = 0; first < refused.length; first += REMOVED_AT_ONCE) {
      const some = refused.slice(first, first + REMOVED_AT_ONCE)
      const peers = Buffer.concat(some.flatMap(({ endpoint, peerId }) => [endpoint, peerId]))
      const width = some[0]?.endpoint.length ?? 0
      // oxlint-disable-next-line no-await-in-loop
      removed += await this.#scan.connection.send(
        () => this.#remove(swarm, peerIdsOfSwarm(swarm), width, peers),
        REMOVING,
      )
    }
    return removed
  }
}

/** The peer in a list, if it matches a rule; otherwise an empty list. */
function refusedPeer(
  rules: EvictionRules,
  endpoint: Buffer,
  peerId: Buffer | null | undefined,
): RefusedPeer[] {
  if (rules.address?.(endpoint.subarray(0, -PORT_LENGTH)) === true)
    return [{ endpoint, peerId: ANY_PEER_ID }]
  if (peerId && rules.peerId?.(byteString(peerId) as PeerId) === true) return [{ endpoint, peerId }]
  return []
}

/** The name of an endpoint in the hash of peer ids. */
function fieldOf(endpoint: Buffer): Buffer {
  if (endpoint.length !== COMPACT_IPV6) return endpoint
  return createHash('sha1').update(endpoint).digest().subarray(0, DIGEST_LENGTH)
}

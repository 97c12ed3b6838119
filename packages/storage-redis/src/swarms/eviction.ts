import { createHash } from 'node:crypto'
import { byteString, COMPACT_IPV6, PEER_ID_LENGTH, type PeerId } from '@chihaya/bittorrent'
import type { EvictionRules } from '@chihaya/core'
import { OWNER_LENGTH, recordLength, type RecordSettings } from '../announce/announce-format.ts'
import { defineScript, type Script } from '../connection/script.ts'
import type { CommandDetails } from '../connection/pending-commands.ts'
import { networkOfSwarm, recordsOfSwarm } from '../keys.ts'
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
/** Bytes of the digest that names an IPv6 endpoint in the hash of records. */
const DIGEST_LENGTH = 8

const REMOVING: CommandDetails = { effect: 'removes' }
/** KEYS: swarm, records. Removes all peers of a swarm, however large; returns how many. */
const DROP_SWARM = `
local count = redis.call('ZCARD', KEYS[1])
redis.call('UNLINK', KEYS[1], KEYS[2])
return count
`

/**
 * KEYS: swarm, records. ARGV: bytes of an endpoint, then the peers to remove: endpoint and record. A
 * peer that has another record by now stays; zeros match any. Returns how many were removed.
 */
function removePeersScript(settings: RecordSettings): string {
  const length = recordLength(settings)
  const withRecords = (lua: string): string => (length > 0 ? lua : '')
  return `
local call = redis.call
${withRecords(FIELD)}
local width, any, removed = tonumber(ARGV[1]), string.rep('\\0', ${length}), 0
for at = 1, #ARGV[2], width + ${length} do
  local peer = string.sub(ARGV[2], at, at + width - 1)
  local record = string.sub(ARGV[2], at + width, at + width + ${length - 1})
  ${withRecords(`local name = width == ${COMPACT_IPV6} and field(peer) or peer`)}
  if record == any${withRecords(` or call('HGET', KEYS[2], name) == record`)} then
    removed = removed + call('ZREM', KEYS[1], peer)
    ${withRecords(`call('HDEL', KEYS[2], name)`)}
  end
end
return removed
`
}

/** A peer to remove, and the record that it must still have. */
interface RefusedPeer {
  readonly endpoint: Buffer
  readonly record: Buffer
}

/**
 * Removes peers by rules from all swarms. It reads part of a swarm at a time, so that announces come
 * in between. A script checks a peer again before it removes it, so that any number of trackers may
 * do this at the same time.
 */
export class Eviction {
  readonly #scan: SwarmScan
  readonly #settings: RecordSettings
  /** Matches every record. */
  readonly #anyRecord: Buffer
  readonly #drop: Script<number>
  readonly #remove: Script<number>

  constructor(scan: SwarmScan, settings: RecordSettings) {
    const { client } = scan.connection
    this.#scan = scan
    this.#settings = settings
    this.#anyRecord = Buffer.alloc(recordLength(settings))
    this.#drop = defineScript(client, DROP_SWARM, 2)
    this.#remove = defineScript(client, removePeersScript(settings), 2)
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
      return connection.send(() => this.#drop(swarm, recordsOfSwarm(swarm)), REMOVING)
    }
    const { storePeerIds, storeOwners } = this.#settings
    const byRecord = (rules.peerId && storePeerIds) || (rules.owner && storeOwners) || false
    const byAddress = rules.address !== undefined && networkOfSwarm(swarm) !== 'webrtc'
    if (!byAddress && !byRecord) return 0
    let [removed, cursor] = [0, '0']
    do {
      const from = cursor
      // oxlint-disable-next-line no-await-in-loop
      const [next, found] = await connection.send(() =>
        connection.client.zscanBuffer(swarm, from, 'COUNT', READ_AT_ONCE),
      )
      const endpoints = found.filter((_, index) => index % 2 === 0)
      // oxlint-disable-next-line no-await-in-loop
      const records = byRecord && endpoints.length > 0 ? await this.#records(swarm, endpoints) : []
      const refused = endpoints.flatMap((endpoint, index): RefusedPeer[] => {
        const record = records[index]
        if (byAddress && rules.address?.(endpoint.subarray(0, -PORT_LENGTH)))
          return [{ endpoint, record: this.#anyRecord }]
        return record && this.#matches(rules, record) ? [{ endpoint, record }] : []
      })
      // oxlint-disable-next-line no-await-in-loop
      removed += await this.#removeFrom(swarm, refused)
      cursor = next.toString()
    } while (cursor !== '0')
    return removed
  }

  #matches({ peerId, owner }: EvictionRules, record: Buffer): boolean {
    const { storePeerIds, storeOwners } = this.#settings
    const id = record.subarray(0, PEER_ID_LENGTH)
    if (storePeerIds && peerId?.(byteString(id) as PeerId) === true) return true
    const number = storeOwners ? record.readUInt32BE(record.length - OWNER_LENGTH) : 0
    return number !== 0 && owner?.(number) === true
  }

  async #records(swarm: Buffer, endpoints: readonly Buffer[]): Promise<Array<Buffer | null>> {
    const { connection } = this.#scan
    return connection.send(() =>
      connection.client.hmgetBuffer(recordsOfSwarm(swarm), ...endpoints.map(fieldOf)),
    )
  }

  async #removeFrom(swarm: Buffer, refused: readonly RefusedPeer[]): Promise<number> {
    let removed = 0
    for (let first = 0; first < refused.length; first += REMOVED_AT_ONCE) {
      const some = refused.slice(first, first + REMOVED_AT_ONCE)
      const peers = Buffer.concat(some.flatMap(({ endpoint, record }) => [endpoint, record]))
      const width = some[0]?.endpoint.length ?? 0
      // oxlint-disable-next-line no-await-in-loop
      removed += await this.#scan.connection.send(
        () => this.#remove(swarm, recordsOfSwarm(swarm), width, peers),
        REMOVING,
      )
    }
    return removed
  }
}

/** The name of an endpoint in the hash of records. */
function fieldOf(endpoint: Buffer): Buffer {
  if (endpoint.length !== COMPACT_IPV6) return endpoint
  return createHash('sha1').update(endpoint).digest().subarray(0, DIGEST_LENGTH)
}

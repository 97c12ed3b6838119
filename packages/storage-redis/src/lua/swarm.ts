import { COMPACT_IPV4, COMPACT_IPV6 } from '@chihaya/bittorrent'
import type { Network } from '@chihaya/core'
import type { RecordSettings } from '../announce/announce-format.ts'

/** Scores of one class. */
export const SPAN: number = 2 ** 32

/**
 * The beginning of every script.
 *
 * A swarm is one sorted set. The score of a peer is its class, then the second it was last seen in:
 *
 *     score = class × 2^32 + second        class = scope × 3 + state
 *
 * The peers of a class are neighbours, in the order in which they expire, and the peers that an
 * answer may hold are ranges of ranks. The scope is 0 for public addresses, 1 for all others and 2
 * for withheld ports. The state is 0 for leechers, 1 for partial seeds and 2 for
 * seeders.
 */
export const SWARM: string = `
local call = redis.call
local SPAN = ${SPAN}
`

/** The options that scripts contain, as they are the same for every announce of a store. */
export interface ScriptSettings extends RecordSettings {
  /** Seconds. */
  readonly peerLifetime: number
  /** Seconds. */
  readonly downloadedLifetime: number
  readonly maxPeersPerSwarm: number
  /** Whether `newSwarmsPerSource` is set. */
  readonly limitsNewSwarms: boolean
}

/**
 * Defines `field(peer)`: the name of an IPv6 peer in the hash of records; other peers go by their
 * endpoint.
 *
 * An IPv6 endpoint is long, and the sorted set holds it already. Eight bytes of its SHA-1 are
 * enough: short enough for a peer to take less than 80 bytes, too long for anyone to find an
 * endpoint that overwrites the record of another.
 */
export const FIELD: string = `
local function field(peer)
  local digest = redis.sha1hex(peer)
  return struct.pack('>I4I4', tonumber(string.sub(digest, 1, 8), 16), tonumber(string.sub(digest, 9, 16), 16))
end
`

/** Defines `fields(peers)`, the names of many peers, for a network; and `field` for IPv6. */
export function recordFields(network: Network): string {
  if (network !== 'ipv6') return 'local fields = unpack\n'
  return `${FIELD}
local function fields(peers)
  local digests = {}
  for index, peer in ipairs(peers) do digests[index] = field(peer) end
  return unpack(digests)
end
`
}

/** Bytes of an endpoint. A WebRTC peer has the form of IPv4. */
export function endpointLength(network: Network): number {
  return network === 'ipv6' ? COMPACT_IPV6 : COMPACT_IPV4
}

import { COMPACT_IPV6 } from '@chihaya/bittorrent'

/**
 * `field(peer)`: what a peer is called in the hash of peer ids.
 *
 * An IPv6 endpoint is long, and the sorted set has it already. Eight bytes of its SHA-1 do: few
 * enough for a peer to take less than 80 bytes, too many for anyone to find an endpoint that would
 * overwrite another's peer id.
 */
export const FIELD: string = `
local function field(peer)
  if #peer ~= ${COMPACT_IPV6} then return peer end
  local digest = redis.sha1hex(peer)
  return struct.pack('>I4I4', tonumber(string.sub(digest, 1, 8), 16), tonumber(string.sub(digest, 9, 16), 16))
end
`

/**
 * `FIELD`, `fields(peers)` for many, and `peer_id` of the announcer, which comes right before the
 * endpoint.
 */
export function idsPart(endpointAt: number): string {
  return `
local peer_id = string.sub(ARGV[1], ${endpointAt - 20}, ${endpointAt - 1})
${FIELD}
local function fields(peers)
  if #me ~= ${COMPACT_IPV6} then return unpack(peers) end
  local digests = {}
  for index, peer in ipairs(peers) do digests[index] = field(peer) end
  return unpack(digests)
end
`
}

import type { AddressFamily } from '@chihaya/bittorrent'

/**
 * Defines `field(peer)`: the name of an IPv6 peer in the hash of peer ids; that of an IPv4 peer is
 * its endpoint.
 *
 * An IPv6 endpoint is long, and the sorted set holds it already. Eight bytes of its SHA-1 are
 * enough: short enough for a peer to take less than 80 bytes, too long for anyone to find an
 * endpoint that overwrites the peer id of another.
 */
export const FIELD: string = `
local function field(peer)
  local digest = redis.sha1hex(peer)
  return struct.pack('>I4I4', tonumber(string.sub(digest, 1, 8), 16), tonumber(string.sub(digest, 9, 16), 16))
end
`

/** Defines `field` and `fields(peers)`, the names of many peers, for a family. */
export function fieldsPart(family: AddressFamily): string {
  if (family === 'ipv4') return 'local fields = unpack\n'
  return `${FIELD}
local function fields(peers)
  local digests = {}
  for index, peer in ipairs(peers) do digests[index] = field(peer) end
  return unpack(digests)
end
`
}

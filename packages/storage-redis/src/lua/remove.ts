import { COMPACT_IPV6 } from '@chihaya/bittorrent'
import { FIELD } from './peer-ids.ts'

/** KEYS: swarm, peer ids. Removes all peers of a swarm, however large; returns how many. */
export const DROP_SWARM = `
local count = redis.call('ZCARD', KEYS[1])
redis.call('UNLINK', KEYS[1], KEYS[2])
return count
`

/**
 * KEYS: swarm, peer ids. ARGV: bytes of an endpoint, then the peers to remove: endpoint, and 20
 * bytes of peer id. A peer that has another peer id by now stays; zeros match any. Returns how many
 * were removed.
 */
export function removePeersScript(storePeerIds: boolean): string {
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

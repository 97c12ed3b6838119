import { CLIENT_LENGTH } from '../announce-argument.ts'
import type { ScriptSettings } from './settings.ts'

/**
 * A set outlives its last peer by this many seconds: until Redis forgets it, it counts for nothing.
 */
const GRACE = 60
/**
 * Endpoints and clients of a torrent that are remembered as counted; beyond, those longest unheard
 * of are forgotten.
 */
const MAX_COUNTED = 1000

/** Enters the announcer into its swarm, or takes it out, and sets `downloaded`. */
export function applyPart({
  peerLifetime,
  downloadedLifetime,
  maxPeersPerSwarm,
  storePeerIds,
}: ScriptSettings): string {
  const withIds = (lua: string): string => (storePeerIds ? lua : '')
  return `
-- What the peer was before, where that matters: a state, or nil.
local before
if kind == COMPLETED or merging then
  local score = tonumber(call('ZSCORE', swarm, me) or -1)
  if score % SPAN >= oldest and score >= 0 then before = math.floor(score / SPAN) % 3 end
  -- What is merged may have been overtaken, or be out of date by now.
  if merging and (seen < oldest or (before and score % SPAN > seen)) then kind = UNCHANGED end
end

-- The second in which an endpoint or client whose download has been counted was last known.
local function known(name)
  return tonumber(call('ZSCORE', counted, name) or 0)
end

local downloaded = tonumber(call('GET', downloads) or 0)
local last_known = downloaded > 0 and kind ~= UNCHANGED and known(me) or 0
local remember = last_known >= oldest

if kind == STOPPED then
  call('ZREM', swarm, me)
  ${withIds(`call('HDEL', ids, field(me))`)}
elseif kind ~= UNCHANGED then
  local state = kind == COMPLETED and SEEDER or kind
  local added = call('ZADD', swarm, (reach * 3 + state) * SPAN + seen, me)
  if added == 1 and call('ZCARD', swarm) > ${maxPeersPerSwarm} then
    call('ZREM', swarm, me)
  else
    call('EXPIRE', swarm, '${peerLifetime + GRACE}')
    ${withIds(`call('HSET', ids, field(me), peer_id)
    call('EXPIRE', ids, '${peerLifetime + GRACE}')`)}
    if kind == COMPLETED and before ~= SEEDER then
      local client = names_client and string.sub(ARGV[1], -${CLIENT_LENGTH})
      if not remember and not (client and known(client) >= oldest) then
        downloaded = call('INCR', downloads)
      end
      if client then call('ZADD', counted, math.max(seen, known(client)), client) end
      call('ZREMRANGEBYSCORE', counted, '-inf', oldest - 1)
      call('ZREMRANGEBYRANK', counted, 0, '${-MAX_COUNTED - 1}')
      remember = true
    end
  end
end
if downloaded > 0 then call('EXPIRE', downloads, '${downloadedLifetime}') end
-- After the first write: a Redis without memory refuses none of those that follow it.
if remember then
  call('ZADD', counted, math.max(seen, last_known), me)
  call('EXPIRE', counted, '${peerLifetime + GRACE}')
end
`
}

import type { ScriptSettings } from './settings.ts'

/** A set outlives its last peer by this many seconds: until Redis forgets it, it counts for nothing. */
const GRACE = 60

/** Enters the announcer into its swarm, or takes it out, and sets `downloaded`. */
export function applyPart({ peerLifetime, downloadedLifetime, maxPeersPerSwarm, storePeerIds }: ScriptSettings): string {
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
    if kind == COMPLETED and before ~= SEEDER then call('INCR', downloads) end
  end
end
local downloaded = tonumber(call('GET', downloads) or 0)
if downloaded > 0 then call('EXPIRE', downloads, '${downloadedLifetime}') end
`
}

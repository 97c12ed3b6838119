import { CLIENT_LENGTH, recordLength } from '../announce/announce-format.ts'
import type { ScriptSettings } from './swarm.ts'

/** Seconds by which a set outlives its last peer. Meanwhile nothing in it counts. */
const GRACE = 60
/**
 * Endpoints and clients of a torrent that are remembered as counted; beyond, the least recently
 * seen are forgotten.
 */
const MAX_COUNTED = 1000

/**
 * Enters the announcer into its swarm, or takes it out, and sets `downloaded` and `my_class`: its
 * class in the swarm, or nil.
 */
export function enterSwarm(settings: ScriptSettings): string {
  const { peerLifetime, downloadedLifetime, maxPeersPerSwarm } = settings
  const withRecords = (lua: string): string => (recordLength(settings) > 0 ? lua : '')
  return `
-- The class of the peer before, if this matters and the peer is alive.
local my_class
if transition == COMPLETED or transition == UNCHANGED or merging then
  local score = tonumber(call('ZSCORE', swarm, me) or -1)
  if score % SPAN >= oldest and score >= 0 then my_class = math.floor(score / SPAN) end
  -- A late announce may have been overtaken, or be out of date.
  if merging and (seen < oldest or (my_class and score % SPAN > seen)) then transition = UNCHANGED end
end

local downloaded = tonumber(call('GET', downloads) or 0)
-- The second in which this endpoint was last known, if its download was counted.
local last_known = 0
if downloaded > 0 and transition ~= UNCHANGED then last_known = tonumber(call('ZSCORE', counted, me) or 0) end
local remember = last_known >= oldest

if transition == STOPPED then
  call('ZREM', swarm, me)
  ${withRecords(`call('HDEL', records, my_field)`)}
elseif transition ~= UNCHANGED then
  local was_seeder = my_class and my_class % 3 == SEEDER
  my_class = scope * 3 + (transition == COMPLETED and SEEDER or transition)
  local added = call('ZADD', swarm, format('%d', my_class * SPAN + seen), me)
  if added == 1 and call('ZCARD', swarm) > ${maxPeersPerSwarm} then
    call('ZREM', swarm, me)
    my_class = nil
  else
    call('EXPIRE', swarm, '${peerLifetime + GRACE}')
    ${withRecords(`call('HSET', records, my_field, record)
    call('EXPIRE', records, '${peerLifetime + GRACE}')`)}
    if transition == COMPLETED and not was_seeder then
      local client = flags % 32 >= 16 and sub(argument, -${CLIENT_LENGTH})
      local client_known = client and tonumber(call('ZSCORE', counted, client) or 0) or 0
      if not remember and client_known < oldest then downloaded = call('INCR', downloads) end
      if client then call('ZADD', counted, math.max(seen, client_known), client) end
      call('ZREMRANGEBYSCORE', counted, '-inf', oldest - 1)
      call('ZREMRANGEBYRANK', counted, 0, '${-MAX_COUNTED - 1}')
      remember = true
    end
  end
end
if downloaded > 0 then call('EXPIRE', downloads, '${downloadedLifetime}') end
-- After the first write: a Redis that is out of memory refuses a script's first write only.
if remember then
  call('ZADD', counted, math.max(seen, last_known), me)
  call('EXPIRE', counted, '${peerLifetime + GRACE}')
end
`
}

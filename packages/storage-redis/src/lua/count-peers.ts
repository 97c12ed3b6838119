import { recordLength } from '../announce/announce-format.ts'
import { SPAN, type ScriptSettings } from './swarm.ts'

/** Stale peers that one announce removes at most. */
const MAX_REMOVED = 100
/** Counting ends with the last peer, and most swarms have only public leechers and seeders. */
const COMMONEST_FIRST = [0, 2, 1, 3, 5, 4, 6, 8, 7]

/**
 * Counts `complete` and `incomplete`, removes stale peers, and finds the ranges of ranks that the
 * answer may hold: `starts`, `lengths` and `my_range`, the announcer's. `total` is the peers in
 * them, without the announcer.
 */
export function countPeers(settings: ScriptSettings): string {
  const withRecords = (lua: string): string => (recordLength(settings) > 0 ? lua : '')
  const countAlive = (of: number): string => `
if unknown > 0 then
  alive[${of}] = call('ZCOUNT', swarm, format('%d', ${of * SPAN} + oldest), '${of * SPAN + SPAN - 1}')
  unknown = unknown - alive[${of}]
end`
  return `
local unknown, alive = call('ZCARD', swarm), {}
${COMMONEST_FIRST.map(countAlive).join('')}

-- What is unknown now is stale. Within a class, stale peers come first.
local complete, incomplete = 0, 0
local starts, lengths, total, my_range = {}, {}, 0, nil
local rank, removable = 0, ${MAX_REMOVED}
for class = 0, 8 do
  if unknown > 0 then
    local stale = call('ZCOUNT', swarm, class * SPAN, class * SPAN + oldest - 1)
    unknown = unknown - stale
    if stale > 0 and removable > 0 then
      local gone = call('ZRANGE', swarm, rank, rank + math.min(stale, removable) - 1)
      call('ZREM', swarm, unpack(gone))
      ${withRecords(`call('HDEL', records, fields(gone))`)}
      stale = stale - #gone
      removable = removable - #gone
    end
    rank = rank + stale
  end
  local count = alive[class] or 0
  if count > 0 then
    local are_seeders = class % 3 == SEEDER
    if are_seeders then complete = complete + count else incomplete = incomplete + count end
    if class < (public_only and 3 or 6) and not (leechers_only and are_seeders) then
      starts[#starts + 1], lengths[#lengths + 1] = rank, count
      total = total + count
      if class == my_class then
        my_range = #starts
        total = total - 1
      end
    end
    rank = rank + count
  end
end
`
}

import type { ScriptSettings } from './settings.ts'

/** Stale peers that one announce removes at most. */
const MAX_REMOVED = 100

/**
 * Counts the classes into `live`, removes stale peers, and finds the ranks of those whom the answer
 * may hold: `total` of them in the ranges of `starts` and `lengths`.
 */
export function censusPart({ storePeerIds }: ScriptSettings): string {
  const withIds = (lua: string): string => (storePeerIds ? lua : '')
  return `
-- How many of each class are alive, and how many before them are not. Most swarms have public leechers and seeders alone.
local live, stale = { [0] = 0, 0, 0, 0, 0, 0, 0, 0, 0 }, { [0] = 0, 0, 0, 0, 0, 0, 0, 0, 0 }
local unknown = call('ZCARD', swarm)
for _, class in ipairs({ 0, 2, 1, 3, 5, 4, 6, 8, 7 }) do
  if unknown == 0 then break end
  live[class] = call('ZCOUNT', swarm, class * SPAN + oldest, class * SPAN + SPAN - 1)
  unknown = unknown - live[class]
end
for class = 0, 8 do
  if unknown == 0 then break end
  stale[class] = call('ZCOUNT', swarm, class * SPAN, class * SPAN + oldest - 1)
  unknown = unknown - stale[class]
end

-- Takes out the stale, so many at a time, and finds the ranks of those whom the answer may hold.
local starts, lengths, total = {}, {}, 0
local rank, removable = 0, ${MAX_REMOVED}
for class = 0, 8 do
  if stale[class] > 0 and removable > 0 then
    local gone = call('ZRANGE', swarm, rank, rank + math.min(stale[class], removable) - 1)
    call('ZREM', swarm, unpack(gone))
    ${withIds(`call('HDEL', ids, fields(gone))`)}
    stale[class] = stale[class] - #gone
    removable = removable - #gone
  end
  rank = rank + stale[class]
  if live[class] > 0 and class < (public_only and 3 or 6) and not (leechers_only and class % 3 == SEEDER) then
    starts[#starts + 1], lengths[#lengths + 1] = rank, live[class]
    total = total + live[class]
  end
  rank = rank + live[class]
end
`
}

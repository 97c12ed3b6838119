import { SWARM, type ScriptSettings } from './swarm.ts'

/**
 * Defines `oldest`, the first second that counts, given the current one (0 for that of Redis' own
 * clock, which all trackers share), and `population(swarm)`: its seeders, leechers and partial seeds
 * alive. Counting ends with the last peer.
 */
const population = ({ peerLifetime }: ScriptSettings): string => `${SWARM}
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(call('TIME')[1]) end
local oldest = now - ${peerLifetime}

local function population(swarm)
  local states = { [0] = 0, 0, 0 }
  local left = call('ZCARD', swarm)
  for class = 0, 8 do
    if left == 0 then break end
    local count = call('ZCOUNT', swarm, class * SPAN + oldest, class * SPAN + SPAN - 1)
    states[class % 3] = states[class % 3] + count
    left = left - count
  end
  return states[2], states[0], states[1]
end
`

/**
 * KEYS: swarm, downloads. ARGV: second. Returns complete, incomplete, downloaders, downloaded, 4
 * bytes each.
 */
export function scrapeScript(settings: ScriptSettings): string {
  return `${population(settings)}
local seeders, leechers, partials = population(KEYS[1])
local downloaded = tonumber(call('GET', KEYS[2]) or 0)
return struct.pack('>I4I4I4I4', seeders, leechers + partials, leechers, downloaded)
`
}

/**
 * KEYS: swarm, and others of the same torrent. ARGV: second. Returns complete and incomplete of the
 * first, and all peers of the others, 4 bytes each.
 */
export function countScript(settings: ScriptSettings): string {
  return `${population(settings)}
local seeders, leechers, partials = population(KEYS[1])
local others = 0
for index = 2, #KEYS do
  local more = { population(KEYS[index]) }
  others = others + more[1] + more[2] + more[3]
end
return struct.pack('>I4I4I4', seeders, leechers + partials, others)
`
}

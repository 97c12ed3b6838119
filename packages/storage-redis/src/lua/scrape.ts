import type { ScriptSettings } from './settings.ts'
import { POPULATION, SECONDS, SWARM } from './swarm.ts'

/**
 * KEYS: swarm, downloads. ARGV: second (0: Redis' own).
 * Returns complete, incomplete, downloaders, downloaded, 4 bytes each.
 */
export function scrapeScript({ peerLifetime }: ScriptSettings): string {
  return `${SWARM}${SECONDS}${POPULATION}
local seeders, leechers, partials = population(KEYS[1], seconds(tonumber(ARGV[1])) - ${peerLifetime})
local downloaded = tonumber(call('GET', KEYS[2]) or 0)
return struct.pack('>I4I4I4I4', seeders, leechers + partials, leechers, downloaded)
`
}

/**
 * KEYS: swarm, and the one of the same torrent in the other family. ARGV: second (0: Redis' own).
 * Returns complete and incomplete of the first, and all peers of the second, 4 bytes each.
 */
export function countScript({ peerLifetime }: ScriptSettings): string {
  return `${SWARM}${SECONDS}${POPULATION}
local oldest = seconds(tonumber(ARGV[1])) - ${peerLifetime}
local seeders, leechers, partials = population(KEYS[1], oldest)
local others = { population(KEYS[2], oldest) }
return struct.pack('>I4I4I4', seeders, leechers + partials, others[1] + others[2] + others[3])
`
}

import { PEER_ID_LENGTH } from '@chihaya/bittorrent'
import { CLIENT_LENGTH, HEADER_LENGTH } from '../announce-argument.ts'
import { applyPart } from './apply.ts'
import { censusPart } from './census.ts'
import { idsPart } from './ids.ts'
import { selectionPart } from './selection.ts'
import type { ScriptSettings } from './settings.ts'
import { SWARM } from './swarm.ts'

/**
 * KEYS: swarm, peer ids, downloads, counted, and, where new swarms are limited, the swarm of the
 * other family. ARGV: what `announceArgument` makes. Returns nothing where a new swarm is refused;
 * else complete, incomplete, downloaded, 4 bytes each, then the endpoints, then their peer ids if
 * asked for. Where new swarms are limited, the first bit tells that the swarm is new.
 */
export function announceScript(settings: ScriptSettings): string {
  const endpointAt = HEADER_LENGTH + (settings.storePeerIds ? PEER_ID_LENGTH : 0) + 1
  return `${SWARM}
local PARTIAL, SEEDER, COMPLETED, STOPPED, UNCHANGED = 1, 2, 3, 4, 5
local swarm, ids, downloads, counted = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local kind, reach, flags, want, dice, given, age = struct.unpack('>BBBI2I4I4I4', ARGV[1])
local names_client = flags % 32 >= 16
local me = string.sub(ARGV[1], ${endpointAt}, names_client and -${CLIENT_LENGTH + 1} or -1)
${settings.storePeerIds ? idsPart(endpointAt) : ''}
local leechers_only = flags % 2 >= 1
local public_only = flags % 4 >= 2
local wants_ids = flags % 8 >= 4
local merging = flags % 16 >= 8

local now = seconds(given)
local seen = now - age
local oldest = now - ${settings.peerLifetime}
${settings.limitsNewSwarms ? NEW_SWARM : ''}${applyPart(settings)}
${censusPart(settings)}
local head = struct.pack('>I4I4I4', live[2] + live[5] + live[8]${settings.limitsNewSwarms ? ' + new_bit' : ''},
  live[0] + live[1] + live[3] + live[4] + live[6] + live[7], downloaded)
if want == 0 or kind == STOPPED or total == 0 then return head end
${selectionPart(settings)}
return head .. endpoints
`
}

/** Refuses an announce that may make no swarm, or marks the answer of one that does. */
const NEW_SWARM = `
local new_bit = 0
if kind < STOPPED and call('EXISTS', swarm, KEYS[5]) == 0 then
  if flags % 64 >= 32 then return '' end
  new_bit = 2147483648
end
`

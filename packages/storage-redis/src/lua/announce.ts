import type { Network } from '@chihaya/core'
import { HEADER_LENGTH, recordLength } from '../announce/announce-format.ts'
import { enterSwarm } from './enter-swarm.ts'
import { countPeers } from './count-peers.ts'
import { selectPeers } from './select-peers.ts'
import { endpointLength, recordFields, SWARM, type ScriptSettings } from './swarm.ts'

/**
 * The script that applies an announce of a network to its swarm, and selects peers.
 *
 * KEYS: swarm, records, downloads, counted, and, if new swarms are limited, the swarms of the other
 * networks. ARGV: see `announceArgument`. Returns nothing if it refuses a new swarm; otherwise
 * complete, incomplete, downloaded, 4 bytes each, then endpoints, then their peer ids if requested.
 * If new swarms are limited, the first bit is set for a new swarm.
 *
 * Large integers are passed to Redis as text: it formats numbers with 17 digits, which takes longer
 * than counting peers.
 */
export function announceScript(settings: ScriptSettings, network: Network): string {
  const { limitsNewSwarms } = settings
  const endpointAt = HEADER_LENGTH + recordLength(settings) + 1
  return `${SWARM}
local format, sub = string.format, string.sub
local PARTIAL, SEEDER, COMPLETED, STOPPED, UNCHANGED = 1, 2, 3, 4, 5
local swarm, records, downloads, counted = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local argument = ARGV[1]
local transition, scope, flags, want, seed, given, age = struct.unpack('>BBBI2I4I4I4', argument)
local me = sub(argument, ${endpointAt}, ${endpointAt + endpointLength(network) - 1})
${recordLength(settings) > 0 ? recordPart(endpointAt, network) : ''}
local leechers_only = flags % 2 >= 1
local public_only = flags % 4 >= 2
local merging = flags % 16 >= 8

local now = given ~= 0 and given or tonumber(call('TIME')[1])
local seen = now - age
local oldest = now - ${settings.peerLifetime}
${limitsNewSwarms ? NEW_SWARM : ''}${enterSwarm(settings)}${countPeers(settings)}
local head = struct.pack('>I4I4I4', complete${limitsNewSwarms ? ' + new_bit' : ''}, incomplete, downloaded)
if want == 0 or transition == STOPPED or total == 0 then return head end
${selectPeers(settings, network)}
return head .. endpoints
`
}

/** The record of the announcer, which comes right before its endpoint. */
function recordPart(endpointAt: number, network: Network): string {
  return `
local record = sub(argument, ${HEADER_LENGTH + 1}, ${endpointAt - 1})
${recordFields(network)}
local my_field = ${network === 'ipv6' ? 'field(me)' : 'me'}
`
}

/** Refuses an announce that may make no swarm, or marks the answer of one that does. */
const NEW_SWARM = `
local new_bit = 0
if transition < STOPPED and call('EXISTS', swarm, KEYS[5], KEYS[6]) == 0 then
  if flags % 64 >= 32 then return '' end
  new_bit = 2147483648
end
`

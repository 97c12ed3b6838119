import { PEER_ID_LENGTH } from '@chihaya/bittorrent'
import type { Network } from '@chihaya/core'
import { MAX_WANT, OWNER_LENGTH, recordLength } from '../announce/announce-format.ts'
import { endpointLength, type ScriptSettings } from './swarm.ts'

/**
 * Draws `want` peers of the ranges into `endpoints`, in O(want + log swarm), with their peer ids if
 * requested.
 */
export function selectPeers(settings: ScriptSettings, network: Network): string {
  const width = endpointLength(network)
  return `
-- The place of an address or endpoint in a text of endpoints, or nil.
local function place_of(bytes, text, from)
  local at = from - 1
  repeat at = string.find(text, bytes, at + 1, true) until not at or at % ${width} == 1
  return at
end

-- The peers of a range from a place on, past its end back to its beginning.
local function read(start, length, from, count)
  local first = math.min(count, length - from)
  local text = table.concat(call('ZRANGE', swarm, start + from, start + from + first - 1))
  if first == count then return text end
  return text .. table.concat(call('ZRANGE', swarm, start, start + count - first - 1))
end

-- A stretch of a range from a random place on. The announcer is skipped: its range is read one peer
-- further, and again if the stretch begins with it, as its successor would be drawn twice as often.
local function stretch(start, length, share, has_me)
  if not has_me then return read(start, length, share < length and math.random(0, length - 1) or 0, share) end
  local text
  repeat
    text = read(start, length, math.random(0, length - 1), share + 1)
  until share + 1 == length or sub(text, 1, ${width}) ~= me
  local at = place_of(me, text, 1)
  return at and sub(text, 1, at - 1) .. sub(text, at + ${width}) or sub(text, 1, share * ${width})
end

-- A stretch of each range, in proportion to their lengths.
math.randomseed(seed)
local function draw(count)
  local text, upto, drawn, luck = '', 0, 0, math.random()
  for range = 1, #starts do
    local length, has_me = lengths[range], range == my_range
    local share = has_me and length - 1 or length
    if count < total then
      upto = upto + share
      share = math.floor(count * upto / total + luck) - drawn
      drawn = drawn + share
    end
    if share > 0 then text = text .. stretch(starts[range], length, share, has_me) end
  end
  return text
end

local endpoints = draw(want)
${recordLength(settings) > 0 ? recordPart(settings, width) : ''}`
}

/** Leaves out the announcer on other ports and peers of the same owner, and adds peer ids. */
function recordPart({ storePeerIds, storeOwners }: ScriptSettings, width: number): string {
  const sameClient = `sub(theirs, 1, ${PEER_ID_LENGTH}) == peer_id and sub(text, place, place + ${width - 3}) == address`
  const sameOwner = `has_owner and sub(theirs, -${OWNER_LENGTH}) == owner`
  const isMine = [...(storePeerIds ? [sameClient] : []), ...(storeOwners ? [sameOwner] : [])]
  const hasOwner = storeOwners ? `sub(record, -${OWNER_LENGTH}) ~= '\\0\\0\\0\\0'` : 'false'
  const seesAddress = storePeerIds ? 'string.find(endpoints, address, 1, true)' : 'false'
  return `
local address = sub(me, 1, ${width - 2})
local has_owner = ${hasOwner}
if has_owner or ${seesAddress} then
  local peer_id, owner = sub(record, 1, ${PEER_ID_LENGTH}), sub(record, -${OWNER_LENGTH})

  -- The next endpoint to look up, or nil: for an announcer with an owner every one.
  local function next_place(text, from)
    if has_owner then return from < #text and from or nil end
    return place_of(address, text, from)
  end

  -- The endpoints that are not the announcer's: not of its address and peer id, nor of its owner.
  local function others(text)
    local peers, places, at = {}, {}, next_place(text, 1)
    while at do
      peers[#peers + 1], places[#places + 1] = sub(text, at, at + ${width - 1}), at
      at = next_place(text, at + ${width})
    end
    if #peers == 0 then return text end
    local found = call('HMGET', records, fields(peers))
    local pieces, from = {}, 1
    for index, place in ipairs(places) do
      local theirs = found[index]
      if theirs and (${isMine.map((test) => `(${test})`).join(' or ')}) then
        pieces[#pieces + 1] = sub(text, from, place - 1)
        from = place + ${width}
      end
    end
    return table.concat(pieces) .. sub(text, from)
  end

  -- More are drawn once, or, beside a crowd of one owner, until there are enough.
  endpoints = others(endpoints)
  local drawn = want
  while #endpoints < want * ${width} and drawn < total and drawn <= ${MAX_WANT} and (drawn == want or has_owner) do
    drawn = 2 * drawn + 16
    endpoints = sub(others(draw(drawn)), 1, want * ${width})
  end
end
${storePeerIds ? peerIdPart(width) : ''}`
}

function peerIdPart(width: number): string {
  return `
if flags % 8 >= 4 and #endpoints > 0 then
  local chosen = {}
  for at = 1, #endpoints, ${width} do chosen[#chosen + 1] = sub(endpoints, at, at + ${width - 1}) end
  local ids = call('HMGET', records, fields(chosen))
  for index = 1, #chosen do ids[index] = sub(ids[index] or string.rep('\\0', ${PEER_ID_LENGTH}), 1, ${PEER_ID_LENGTH}) end
  endpoints = endpoints .. table.concat(ids)
end
`
}

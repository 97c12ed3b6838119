import { compactLength, type AddressFamily } from '@chihaya/bittorrent'
import type { ScriptSettings } from './swarm.ts'

/**
 * Draws `want` peers of the ranges into `endpoints`, in O(want + log swarm), with their peer ids if
 * they are asked for.
 */
export function selectPeers({ storePeerIds }: ScriptSettings, family: AddressFamily): string {
  const width = compactLength(family)
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
${storePeerIds ? peerIdPart(width) : ''}`
}

/** Leaves out the announcer on other ports, and adds peer ids. */
function peerIdPart(width: number): string {
  return `
local address = sub(me, 1, ${width - 2})

-- The endpoints of others: not of the same address and the same peer id.
local function others(text)
  local near, places, at = {}, {}, place_of(address, text, 1)
  while at do
    near[#near + 1], places[#places + 1] = sub(text, at, at + ${width - 1}), at
    at = place_of(address, text, at + ${width})
  end
  if #near == 0 then return text end
  local near_ids = call('HMGET', ids, fields(near))
  local pieces, from = {}, 1
  for index, place in ipairs(places) do
    if near_ids[index] == peer_id then
      pieces[#pieces + 1] = sub(text, from, place - 1)
      from = place + ${width}
    end
  end
  return table.concat(pieces) .. sub(text, from)
end

endpoints = others(endpoints)
if #endpoints < want * ${width} and want < total then
  endpoints = sub(others(draw(2 * want + 16)), 1, want * ${width})
end
if flags % 8 >= 4 and #endpoints > 0 then
  local chosen = {}
  for at = 1, #endpoints, ${width} do chosen[#chosen + 1] = sub(endpoints, at, at + ${width - 1}) end
  local chosen_ids = call('HMGET', ids, fields(chosen))
  for index = 1, #chosen do chosen_ids[index] = chosen_ids[index] or string.rep('\\0', 20) end
  endpoints = endpoints .. table.concat(chosen_ids)
end
`
}

import type { ScriptSettings } from './settings.ts'

/**
 * Draws `want` of the peers in the ranges into `endpoints`, O(want + log swarm), with their peer
 * ids if they are asked for.
 */
export function selectionPart({ storePeerIds }: ScriptSettings): string {
  return `
-- The announcer's own place is a gap in its range.
local own = call('ZRANK', swarm, me)
local gap_in = 0
for range = 1, own and #starts or 0 do
  if own >= starts[range] and own < starts[range] + lengths[range] then
    gap_in = range
    lengths[range] = lengths[range] - 1
    total = total - 1
  end
end

-- The peers of one range from a place on, past its end back to its beginning, but for the gap.
local function read(range, at, count, pieces)
  while count > 0 do
    local length = math.min(count, lengths[range] - at)
    local first = starts[range] + at
    local last = first + length - 1
    local hole
    if range == gap_in and last >= own then
      last = last + 1
      if first >= own then first = first + 1 else hole = own - first + 1 end
    end
    local piece = call('ZRANGE', swarm, first, last)
    if hole then table.remove(piece, hole) end
    pieces[#pieces + 1] = piece
    count = count - length
    at = 0
  end
end

-- A stretch at random out of each range, in proportion to their lengths.
math.randomseed(dice)
local function draw(count)
  local pieces, upto, given, luck = {}, 0, 0, math.random()
  for range = 1, #starts do
    local length = lengths[range]
    local share = length
    if count < total then
      upto = upto + length
      share = math.floor(count * upto / total + luck) - given
      given = given + share
    end
    read(range, share < length and math.random(0, length - 1) or 0, share, pieces)
  end
  return pieces
end

local function joined(pieces)
  local texts = {}
  for index, piece in ipairs(pieces) do texts[index] = table.concat(piece) end
  return table.concat(texts)
end

local width = #me
local endpoints
${
  storePeerIds
    ? `
local address = string.sub(me, 1, width - 2)

-- The peers that are not the announcer on another port: the same address and the same peer id.
local function strangers(pieces)
  local peers, near, places = {}, {}, {}
  for _, piece in ipairs(pieces) do
    for _, peer in ipairs(piece) do
      peers[#peers + 1] = peer
      if string.sub(peer, 1, width - 2) == address then
        near[#near + 1], places[#places + 1] = peer, #peers
      end
    end
  end
  if #near == 0 then return peers end
  local near_ids = call('HMGET', ids, fields(near))
  for index = #near, 1, -1 do
    if near_ids[index] == peer_id then table.remove(peers, places[index]) end
  end
  return peers
end

local pieces = draw(want)
endpoints = joined(pieces)
if string.find(endpoints, address, 1, true) then
  local peers = strangers(pieces)
  if #peers < want and want < total then peers = strangers(draw(2 * want + 16)) end
  endpoints = table.concat(peers, '', 1, math.min(want, #peers))
end
if wants_ids and #endpoints > 0 then
  local chosen = {}
  for at = 1, #endpoints, width do chosen[#chosen + 1] = string.sub(endpoints, at, at + width - 1) end
  local chosen_ids = call('HMGET', ids, fields(chosen))
  for index = 1, #chosen do chosen_ids[index] = chosen_ids[index] or string.rep('\\0', 20) end
  endpoints = endpoints .. table.concat(chosen_ids)
end`
    : `
endpoints = joined(draw(want))`
}
`
}

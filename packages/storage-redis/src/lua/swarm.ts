/**
 * What all scripts begin with.
 *
 * A swarm is one sorted set. A peer's score is its class, then the second it was last seen in:
 *
 *     score = class × 2^32 + second        class = reach × 3 + state
 *
 * so that the peers of a class stand side by side in the order in which they expire, and those whom
 * an answer may hold are ranges of ranks. Reach is 0 for public addresses, 1 for all others, 2 for
 * ports that are not given to anybody; state is 0 for leechers, 1 for partial seeds, 2 for seeders.
 * The commonest classes come first: counting ends with the last peer.
 */
export const SWARM = `
local call = redis.call
local SPAN = 4294967296

-- Redis has the clock that all trackers share; another is for tests.
local function seconds(given)
  if given ~= 0 then return given end
  return tonumber(call('TIME')[1])
end
`

/**
 * `population(swarm, oldest)`: the seeders, leechers and partial seeds of a sorted set not older
 * than a second.
 */
export const POPULATION = `
local function population(swarm, oldest)
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

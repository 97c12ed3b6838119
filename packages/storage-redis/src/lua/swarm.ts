/** Scores of one class. */
export const SPAN: number = 2 ** 32

/**
 * The beginning of every script.
 *
 * A swarm is one sorted set. The score of a peer is its class, then the second it was last seen in:
 *
 *     score = class × 2^32 + second        class = scope × 3 + state
 *
 * The peers of a class are neighbours, in the order in which they expire, and the peers that an
 * answer may hold are ranges of ranks. The scope is 0 for public addresses, 1 for all others and 2
 * for ports that are given to nobody. The state is 0 for leechers, 1 for partial seeds and 2 for
 * seeders.
 */
export const SWARM = `
local call = redis.call
local SPAN = ${SPAN}
`

/**
 * Defines `seconds(given)`: the second given, or that of Redis' clock, which all trackers share,
 * for 0.
 */
export const SECONDS = `
local function seconds(given)
  if given ~= 0 then return given end
  return tonumber(call('TIME')[1])
end
`

/**
 * Defines `population(swarm, oldest)`: seeders, leechers and partial seeds last seen in the second
 * `oldest` or later. Counting ends with the last peer: common classes come first.
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

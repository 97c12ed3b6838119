/**
 * KEYS: lock. ARGV: token, milliseconds. Keeps the lock for so long from now on; 1 when it is still
 * the token's.
 */
export const EXTEND_LOCK = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`

/**
 * KEYS: lock, totals. ARGV: token, milliseconds, totals, milliseconds. The same, and writes the
 * totals for so long.
 */
export const PUBLISH_TOTALS = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`

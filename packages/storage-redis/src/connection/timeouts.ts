import { parseDuration, type Duration } from '@chihaya/core'
import type { RedisStorageOptions } from '../options.ts'

/** Milliseconds. */
export interface Timeouts {
  /** Until a connection is there. */
  readonly connect: number
  /**
   * Until a command has its answer, and until a connection that is asked something must have said
   * something.
   */
  readonly command: number
}

/** Chihaya takes 0 for unset. */
const DEFAULT = 15_000

export function timeoutsOf(options: Required<RedisStorageOptions>): Timeouts {
  const milliseconds = (duration: Duration): number => parseDuration(duration) || DEFAULT
  return {
    connect: milliseconds(options.redisConnectTimeout),
    command: Math.min(
      milliseconds(options.redisReadTimeout),
      milliseconds(options.redisWriteTimeout),
    ),
  }
}

import type { Bytes, FreeReason } from '@chihaya/deltas'
import type { LeechType } from '../registry/torrent-table.ts'

/** What one party grants: a torrent, a user, or a promotion of either or of everybody. */
export interface Terms {
  readonly leechType: LeechType
  /** 0 to 10,000. */
  readonly upPercent: number
  /** 0 to 10,000. */
  readonly downPercent: number
}

/** How percents of several parties are put together. */
export type Combination = 'product' | 'best'

/** What an announce is worth: percents, and why its download is free. */
export interface Rate {
  free: FreeReason | undefined
  /** Both percents are to be divided by this. */
  divisor: number
  up: number
  down: number
}

const BY_PERCENT = 100
const BY_THREE_PERCENTS = 1_000_000

export const ORDINARY_TERMS: Terms = { leechType: 'normal', upPercent: 100, downPercent: 100 }

/** Puts the percents of user, torrent and everybody together. */
export function combine(
  rate: Rate,
  combination: Combination,
  user: Terms,
  torrent: Terms,
  everybody: Terms,
): void {
  if (combination === 'product') {
    rate.divisor = BY_THREE_PERCENTS
    rate.up = user.upPercent * torrent.upPercent * everybody.upPercent
    rate.down = user.downPercent * torrent.downPercent * everybody.downPercent
  } else {
    rate.divisor = BY_PERCENT
    rate.up = Math.max(user.upPercent, torrent.upPercent, everybody.upPercent)
    rate.down = Math.min(user.downPercent, torrent.downPercent, everybody.downPercent)
  }
}

/** `bytes × factor ÷ divisor`, rounded down, whatever its size. */
export function credited(bytes: number, factor: number, divisor: number): Bytes {
  if (factor === divisor) return bytes
  const product = bytes * factor
  if (product <= Number.MAX_SAFE_INTEGER) {
    const quotient = Math.floor(product / divisor)
    // The division may round up to the next integer.
    return quotient * divisor > product ? quotient - 1 : quotient
  }
  const exact = (BigInt(bytes) * BigInt(factor)) / BigInt(divisor)
  return exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact
}

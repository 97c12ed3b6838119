/** A member, as the site describes it. */
export interface User {
  /** 1 to 2³²−1. */
  readonly id: number
  /** 16 to 64 of `[0-9A-Za-z_-]`; of no other user. */
  readonly passkey: string
  /** @default true */
  readonly enabled?: boolean
  /** Whether the user may download. @default true */
  readonly mayLeech?: boolean
  /** Whether the user's address is withheld from every record. @default false */
  readonly hidden?: boolean
  /** Whether all downloads are free. @default false */
  readonly free?: boolean
  /** Torrents that the user may download at a time; `Infinity` for no limit. @default Infinity */
  readonly slots?: number
  /** Clients on one torrent; 0 for the tracker's own limit. @default 0 */
  readonly peersPerTorrent?: number
  /** 0 to 10,000. @default 100 */
  readonly upPercent?: number
  /** 0 to 10,000. @default 100 */
  readonly downPercent?: number
}

/** A user with its defaults. */
export type CompleteUser = Required<User>

/** Why a user or a torrent was not taken over from the site. */
export class RegistryError extends Error {
  /** The key that is wrong, such as `passkey`. */
  readonly key: string
  /** Whether another user or torrent has the value already. */
  readonly taken: boolean

  constructor(key: string, message: string, taken = false) {
    super(`${key} ${message}`)
    this.name = 'RegistryError'
    this.key = key
    this.taken = taken
  }
}

const PASSKEY = /^[0-9A-Za-z_-]{16,64}$/
const MAX_ID: number = 2 ** 32 - 1
const MAX_PERCENT = 10_000
/** How 16 bits say that there is no limit. */
export const UNLIMITED = 65_535

export function isPasskey(text: string): boolean {
  return PASSKEY.test(text)
}

/** @throws {RegistryError} when a value is out of range. */
export function completeUser(user: User): CompleteUser {
  const { slots = Infinity, peersPerTorrent = 0, upPercent = 100, downPercent = 100 } = user
  checkId('id', user.id)
  if (!isPasskey(user.passkey)) {
    throw new RegistryError('passkey', 'must be 16 to 64 letters, digits, _ or -')
  }
  if (slots !== Infinity) checkInteger('slots', slots, 0, UNLIMITED - 1)
  checkInteger('peersPerTorrent', peersPerTorrent, 0, 255)
  checkPercent('upPercent', upPercent)
  checkPercent('downPercent', downPercent)
  const { enabled = true, mayLeech = true, hidden = false, free = false } = user
  const { id, passkey } = user
  const limits = { slots, peersPerTorrent, upPercent, downPercent }
  return { id, passkey, enabled, mayLeech, hidden, free, ...limits }
}

export function checkId(key: string, id: number): void {
  checkInteger(key, id, 1, MAX_ID)
}

export function checkPercent(key: string, percent: number): void {
  checkInteger(key, percent, 0, MAX_PERCENT)
}

function checkInteger(key: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RegistryError(key, `must be an integer from ${least} to ${most}, got ${value}`)
}

import type { UserRow } from '@chihaya/deltas'

/** A member, as the site describes it. */
export type User = UserRow

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

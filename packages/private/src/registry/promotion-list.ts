import type { PromotionRow } from '@chihaya/deltas'
import { ORDINARY_TERMS, type Terms } from '../accounting/credit.ts'
import { checkId, checkPercent } from './user.ts'

/** Terms that hold for a while. */
export type Promotion = PromotionRow
type PromotionTarget = Promotion['for']

type Lists = Map<number, readonly Promotion[]>

/** Promotions by name, and by whom they are for. */
export class PromotionList {
  readonly #byName = new Map<string, Promotion>()
  readonly #users: Lists = new Map()
  readonly #torrents: Lists = new Map()
  #everybody: readonly Promotion[] = []

  get size(): number {
    return this.#byName.size
  }

  get(name: string): Promotion | undefined {
    return this.#byName.get(name)
  }

  /** Adds a promotion, or replaces the one of this name. @throws {RegistryError} */
  put(promotion: Promotion): void {
    checkPercent('upPercent', promotion.upPercent)
    checkPercent('downPercent', promotion.downPercent)
    const target = promotion.for
    if (target !== 'everybody') {
      if ('user' in target) checkId('user', target.user)
      else checkId('torrent', target.torrent)
    }
    this.remove(promotion.name)
    this.#byName.set(promotion.name, promotion)
    this.#change(target, (list) => [...list, promotion])
  }

  /** Returns false if there was no promotion of this name. */
  remove(name: string): boolean {
    const promotion = this.#byName.get(name)
    if (!promotion) return false
    this.#byName.delete(name)
    this.#change(promotion.for, (list) => list.filter((one) => one !== promotion))
    return true
  }

  /** What holds for a user beside the user's own terms; `now` in seconds since 1970. */
  ofUser(id: number, now: number): Promotion | undefined {
    return this.#users.size === 0 ? undefined : holding(this.#users.get(id), now)
  }

  /** What holds for a torrent instead of its own terms; `now` in seconds since 1970. */
  ofTorrent(id: number, now: number): Promotion | undefined {
    return this.#torrents.size === 0 ? undefined : holding(this.#torrents.get(id), now)
  }

  ofEverybody(now: number): Terms {
    return holding(this.#everybody, now) ?? ORDINARY_TERMS
  }

  #change(
    target: PromotionTarget,
    change: (list: readonly Promotion[]) => readonly Promotion[],
  ): void {
    if (target === 'everybody') {
      this.#everybody = change(this.#everybody)
      return
    }
    const [lists, id] =
      'user' in target ? [this.#users, target.user] : [this.#torrents, target.torrent]
    const list = change(lists.get(id) ?? [])
    if (list.length === 0) lists.delete(id)
    else lists.set(id, list)
  }
}

/** The promotion that holds now; of several, the one put last. */
function holding(promotions: readonly Promotion[] = [], now: number): Promotion | undefined {
  return promotions.findLast(({ from, until }) => from <= now && (until === 0 || now < until))
}

import { FairShare } from './fair-share.ts'
import { TOO_MANY_NEW_SWARMS, TOO_MANY_PEERS, TOO_MANY_SWARMS, type SwarmLimits } from './limits.ts'
import type { NewSwarmLimit } from './new-swarm-limit.ts'
import type { SourceLimit } from './source-limit.ts'
import type { SwarmStore } from './swarm-store.ts'

/** Decides whether a new peer may enter, and who gives way to it. */
export class Admission {
  readonly #store: SwarmStore
  readonly #limits: SwarmLimits
  readonly #sourceLimit: SourceLimit | undefined
  readonly #newSwarmLimit: NewSwarmLimit | undefined
  readonly #fairShare: FairShare

  constructor(
    store: SwarmStore,
    limits: SwarmLimits,
    sourceLimit: SourceLimit | undefined,
    newSwarmLimit: NewSwarmLimit | undefined,
  ) {
    this.#store = store
    this.#limits = limits
    this.#sourceLimit = sourceLimit
    this.#newSwarmLimit = newSwarmLimit
    this.#fairShare = new FairShare(store)
  }

  /** A new peer of the heaviest source has entered the swarm of a record. */
  noteCrowded(record: number): void {
    this.#fairShare.noteCrowded(record)
  }

  /**
   * Lets the oldest peer of the announcer's source give way where the source is at its limit in the
   * swarm.
   */
  makeRoomInSource(record: number, set: number): void {
    const crowded = this.#sourceLimit?.meetOldest(this.#store, record, set) ?? -1
    if (crowded >= 0) this.#store.displace(record, crowded)
  }

  /** Whether another endpoint of a peer that is there may enter, at nobody's expense. */
  hasRoom(record: number, live: boolean): boolean {
    if (
      live
        ? this.#store.population(record) >= this.#limits.maxPeersPerSwarm
        : this.#store.swarms >= this.#limits.maxSwarms
    ) {
      return false
    }
    return this.#store.peers < this.#limits.maxPeers
  }

  /**
   * Whether a new peer of a source may enter the swarm of a record, or a new swarm. To make room,
   * any other swarm or peer may go, and the record with its last peer.
   * @throws {ClientError} when the store, and not just the swarm, is full.
   */
  admits(record: number, live: boolean, set: number, source: number): boolean {
    const store = this.#store
    if (!live) {
      if (this.#newSwarmLimit?.take(store.key, store.sets(set).blocks.stride) === false)
        throw TOO_MANY_NEW_SWARMS
      if (store.swarms >= this.#limits.maxSwarms && !this.#fairShare.makeRoomForSwarm(source))
        throw TOO_MANY_SWARMS
    } else if (store.population(record) >= this.#limits.maxPeersPerSwarm) {
      return this.#fairShare.makeRoomInSwarm(record, source)
    }
    if (store.peers >= this.#limits.maxPeers && !this.#fairShare.makeRoomForPeer(source))
      throw TOO_MANY_PEERS
    return true
  }
}

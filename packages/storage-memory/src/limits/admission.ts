import type { AnnouncedPeer } from '../peers/announced-peer.ts'
import { FairShare } from './fair-share.ts'
import { TOO_MANY_NEW_SWARMS, TOO_MANY_PEERS, TOO_MANY_SWARMS, type SwarmLimits } from './limits.ts'
import type { NewSwarmLimit } from './new-swarm-limit.ts'
import type { SourceLimit } from './source-limit.ts'
import { LEECHERS, SEEDERS } from '../swarms/records.ts'
import type { Swarms } from '../swarms/swarms.ts'

/** Decides whether a new peer may enter, and who gives way to it. */
export class Admission {
  readonly #swarms: Swarms
  readonly #limits: SwarmLimits
  readonly #sourceLimit: SourceLimit | undefined
  readonly #newSwarmLimit: NewSwarmLimit | undefined
  readonly #fairShare: FairShare

  constructor(
    swarms: Swarms,
    limits: SwarmLimits,
    sourceLimit: SourceLimit | undefined,
    newSwarmLimit: NewSwarmLimit | undefined,
  ) {
    this.#swarms = swarms
    this.#limits = limits
    this.#sourceLimit = sourceLimit
    this.#newSwarmLimit = newSwarmLimit
    this.#fairShare = new FairShare(swarms)
  }

  /** Remembers that a new peer of the heaviest source has entered the swarm of a record. */
  noteCrowded(record: number): void {
    this.#fairShare.noteCrowded(record)
  }

  /**
   * Drops the oldest peer of the announcer's source if the source is at its limit in the swarm.
   */
  makeRoomInSource(record: number, { endpoint, sets: first }: AnnouncedPeer): void {
    const limit = this.#sourceLimit
    if (limit === undefined) return
    const { records, clock } = this.#swarms
    const sets = this.#swarms.sets(first)
    const length = limit.sourceU32(sets.blocks.stride)
    const hash = sets.blocks.hash(endpoint, 0)
    const rootOf = (role: number): number => records.root(record, first + role)
    const marks = [LEECHERS, SEEDERS].map((role) =>
      sets.marksOfSource(rootOf(role), endpoint, hash, length),
    )
    const oldest = limit.oldest(marks, clock)
    if (oldest === undefined) return
    sets.locateInSource(rootOf(oldest.role), endpoint, hash, length, oldest.index)
    this.#swarms.displace(record, first + oldest.role)
  }

  /** Whether there is room for another endpoint of a known peer. Nothing is dropped for it. */
  hasRoom(record: number, live: boolean): boolean {
    if (
      live
        ? this.#swarms.population(record) >= this.#limits.maxPeersPerSwarm
        : this.#swarms.count >= this.#limits.maxSwarms
    ) {
      return false
    }
    return this.#swarms.peers < this.#limits.maxPeers
  }

  /**
   * Whether a new peer of a source may enter the swarm of a record, or a new swarm. Any other swarm
   * or peer may be dropped to make room, even the last peer of this record.
   * @throws {ClientError} when the store, and not just the swarm, is full.
   */
  admits(record: number, live: boolean, peer: AnnouncedPeer, source: number): boolean {
    const swarms = this.#swarms
    if (!live) {
      if (this.#newSwarmLimit?.take(peer.source, peer.sourceU32) === false)
        throw TOO_MANY_NEW_SWARMS
      if (swarms.count >= this.#limits.maxSwarms && !this.#fairShare.makeRoomForSwarm(source))
        throw TOO_MANY_SWARMS
    } else if (swarms.population(record) >= this.#limits.maxPeersPerSwarm) {
      return this.#fairShare.makeRoomInSwarm(record, source)
    }
    if (swarms.peers >= this.#limits.maxPeers && !this.#fairShare.makeRoomForPeer(source))
      throw TOO_MANY_PEERS
    return true
  }
}

import { entryU32, halfOf } from '../peers/entry.ts'
import type { PeerDraw } from '../peers/draw.ts'
import type { TickClock } from '../expiry/tick-clock.ts'

/** Peers of one source that one answer holds at most. */
const MAX_IN_ANSWER = 2

/**
 * Keeps one host, or one IPv6 /64, from filling a swarm with ports of its own. While a limit is
 * set, endpoints are hashed by their source alone: the peers of a source then lie in one block, in
 * one run of its index.
 */
export class SourceLimit {
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Words of an entry, which has so many, that name its source: an IPv4 address, or the first half
   * of an IPv6 one.
   */
  sourceU32(u32: number): number {
    return u32 === entryU32('ipv4') ? 1 : 2
  }

  /**
   * The oldest peer of a source, whose marks in the two sets of a network are given, if the source
   * is at its limit.
   */
  oldest(
    marks: ReadonlyArray<readonly number[]>,
    clock: TickClock,
  ): { role: number; index: number } | undefined {
    const now = clock.mark()
    const peers = marks.flatMap((ofRole, role) =>
      ofRole.map((mark, index) => ({ role, index, age: clock.age(mark, now) })),
    )
    if (peers.length < this.#limit) return undefined
    return peers.reduce((oldest, peer) => (peer.age > oldest.age ? peer : oldest))
  }

  /** Whether an answer already has its fill of the source of the entry at `u32[at]`. */
  fills(draw: PeerDraw, u32: Uint32Array, at: number): boolean {
    const halves = this.sourceU32(draw.entryU32) * 2
    let same = 0
    for (let peer = 0; peer < draw.drawn; peer++) {
      const drawn = draw.at + peer * draw.width
      let half = 0
      while (
        half < halves &&
        draw.endpoints[drawn + half] === halfOf(u32[at + (half >> 1)]!, half & 1)
      )
        half++
      if (half === halves && ++same === MAX_IN_ANSWER) return true
    }
    return false
  }
}

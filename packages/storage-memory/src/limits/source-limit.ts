import { entryU32, halfOf } from '../peers/entry.ts'
import type { PeerDraw } from '../peers/draw.ts'
import type { TickClock } from '../expiry/tick-clock.ts'

/** Most peers of one source in one answer. */
const MAX_IN_ANSWER = 2

/**
 * Keeps one host, or one IPv6 /64, from filling a swarm with many ports. While a limit is set,
 * endpoints are hashed by source only, so that the peers of a source share one block and one run of
 * its index.
 */
export class SourceLimit {
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * The leading words of an entry of `u32` words that identify its source: an IPv4 address, or the
   * first half of an IPv6 address.
   */
  sourceU32(u32: number): number {
    return u32 === entryU32('ipv4') ? 1 : 2
  }

  /**
   * The oldest peer of a source at its limit. `marks` are those of its peers, in each of a
   * network's two sets.
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

  /** Whether an answer already holds all it may of the source of the entry at `u32[at]`. */
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

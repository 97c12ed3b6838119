import { segmentOf, wordsAt } from './heap.ts'
import { isPublicEndpoint, isUndiallable } from './endpoint.ts'
import type { PeerBlocks } from './peer-blocks.ts'
import { COUNT, DEPTH, NOT_PUBLIC, PEER_ID_WORDS, UNDIALLABLE } from './peer-layout.ts'
import type { PeerSets } from './peer-sets.ts'

/** Blocks that one draw looks at: the bound on its cost where filters turn most peers away. */
const MAX_BLOCKS = 256

/** Whether the address of the endpoint at `words[at]` is one that this draw must leave out. */
export type Refuses = (words: Uint16Array, at: number) => boolean

/**
 * Picks peers out of sets and writes them down as they will travel. A draw takes a run of neighbours from a random
 * position of a random block: O(peers wanted), and as the blocks are ordered by a keyed hash, nobody chooses his neighbours.
 */
export class PeerDraw {
  /** Where endpoints go, from word `at` on. */
  endpoints: Uint16Array = new Uint16Array(0)
  /** Where peer ids go, from word `idsAt` on; undefined when none are wanted. */
  peerIds: Uint16Array | undefined
  at = 0
  idsAt = 0
  /** Words of an endpoint. */
  stride = 0
  /** How many were drawn since `begin`. */
  drawn = 0
  publicOnly = false
  refuses: Refuses | undefined
  /** The announcer, in the words of the family that is drawn from; `ownPeerId` only matters at the same address. */
  readonly own: Uint16Array = new Uint16Array(9)
  readonly ownPeerId: Uint16Array = new Uint16Array(PEER_ID_WORDS)

  /** Begins an answer whose endpoints have `stride` words. */
  begin(stride: number): void {
    this.stride = stride
    this.drawn = 0
  }

  /** Drops the peers from the `from`th up to the `to`th; those behind move up. */
  dropFromMiddle(from: number, to: number): void {
    const endpoint = (peer: number): number => this.at + peer * this.stride
    this.endpoints.copyWithin(endpoint(from), endpoint(to), endpoint(this.drawn))
    const id = (peer: number): number => this.idsAt + peer * PEER_ID_WORDS
    this.peerIds?.copyWithin(id(from), id(to), id(this.drawn))
    this.drawn -= to - from
  }

  /** Takes up to `want` peers of a set. */
  fromSet(sets: PeerSets, root: number, want: number): void {
    if (root === 0 || want <= 0) return
    if (!sets.directories.is(root)) {
      this.#fromBlock(sets.blocks, root, want)
      return
    }
    const goal = this.drawn + want
    const depth = sets.directories.depth(root)
    const entries = 1 << depth
    let entry = Math.floor(Math.random() * entries)
    let left = entries
    for (let blocks = 0; left > 0 && blocks < MAX_BLOCKS && this.drawn < goal; blocks++) {
      const block = sets.directories.block(root, entry)
      if (block === 0) {
        entry = (entry + 1) & (entries - 1)
        left--
        continue
      }
      const blockDepth = sets.blocks.header(block, DEPTH)
      const run = 1 << (depth - blockDepth)
      // A block's entries stand side by side; the first block met may have been entered in their midst.
      entry = (sets.directories.firstEntry(root, entry, blockDepth) + run) & (entries - 1)
      left -= run
      this.#fromBlock(sets.blocks, block, goal - this.drawn)
    }
  }

  #fromBlock(blocks: PeerBlocks, block: number, want: number): void {
    const words = blocks.heap.words[segmentOf(block)]!
    const base = wordsAt(block)
    const count = words[base + COUNT]!
    const start = count > want ? Math.floor(Math.random() * count) : 0
    const goal = this.drawn + want
    const plain =
      words[base + UNDIALLABLE] === 0 && this.refuses === undefined && (!this.publicOnly || words[base + NOT_PUBLIC] === 0)
    this.#run(blocks, words, base, start, count, goal, plain)
    this.#run(blocks, words, base, 0, start, goal, plain)
  }

  /** Takes the peers from position `from` up to `to`, until `goal` are drawn. */
  #run(blocks: PeerBlocks, words: Uint16Array, base: number, from: number, to: number, goal: number, plain: boolean): void {
    const stride = blocks.stride
    const own = this.own
    const own0 = own[0]
    const own1 = own[1]
    const endpoints = this.endpoints
    let source = blocks.endpointAt(words, base, from)
    for (let position = from; position < to && this.drawn < goal; position++, source += stride) {
      const first = words[source]!
      const second = words[source + 1]!
      if (first === own0 && second === own1 && this.#isOwn(blocks, words, base, position, source)) continue
      if (!plain && this.#leavesOut(words, source, stride)) continue
      let target = this.at + this.drawn * stride
      endpoints[target++] = first
      endpoints[target++] = second
      for (let word = 2; word < stride; word++) endpoints[target++] = words[source + word]!
      if (this.peerIds !== undefined) this.#takePeerId(blocks, words, base, position)
      this.drawn++
    }
  }

  /** Called where the first two words agree. */
  #isOwn(blocks: PeerBlocks, words: Uint16Array, base: number, position: number, source: number): boolean {
    const port = blocks.stride - 1
    for (let word = 2; word < port; word++) if (words[source + word] !== this.own[word]) return false
    if (words[source + port] === this.own[port]) return true
    if (!blocks.keepsPeerIds) return false
    const id = blocks.peerIdAt(words, base, position)
    for (let word = 0; word < PEER_ID_WORDS; word++) if (words[id + word] !== this.ownPeerId[word]) return false
    return true
  }

  #leavesOut(words: Uint16Array, source: number, stride: number): boolean {
    if (isUndiallable(words, source, stride)) return true
    if (this.publicOnly && !isPublicEndpoint(words, source, stride)) return true
    return this.refuses !== undefined && this.refuses(words, source)
  }

  #takePeerId(blocks: PeerBlocks, words: Uint16Array, base: number, position: number): void {
    const id = blocks.peerIdAt(words, base, position)
    const target = this.idsAt + this.drawn * PEER_ID_WORDS
    for (let word = 0; word < PEER_ID_WORDS; word++) this.peerIds![target + word] = words[id + word]!
  }
}

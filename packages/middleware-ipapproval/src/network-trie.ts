import type { Address, Network } from '@chihaya/bittorrent'

/** Nodes are numbers; 0 is none. */
const NONE = 0
const IPV4_ROOT = 1
const IPV6_ROOT = 2
const FIRST_FREE = 3

const INITIAL_NODES = 16

/**
 * A small number, 1 to 255, for each of many networks: a binary trie, whose nodes lie side by side
 * in flat memory. A look-up costs one step for each bit that networks and address share, however
 * many networks there are.
 */
export class NetworkTrie {
  /** Two for each node: where the next bit is 0, and where it is 1. */
  #children = new Uint32Array(INITIAL_NODES * 2)
  /** The number of the network that ends at a node, 0 where none does. */
  #values = new Uint8Array(INITIAL_NODES)
  #used = FIRST_FREE
  /** The first of the nodes that were in use once; each refers to the next as its first child. */
  #freed = NONE
  #size = 0

  /** The number of networks. */
  get size(): number {
    return this.#size
  }

  /** The number of the smallest network that an address is in, 0 when it is in none. */
  get(address: Address): number {
    let node = address.length === 4 ? IPV4_ROOT : IPV6_ROOT
    let value = this.#values[node] as number
    for (let bit = 0; bit < address.length * 8; bit++) {
      node = this.#children[node * 2 + bitOf(address, bit)] as number
      if (node === NONE) return value
      value = (this.#values[node] as number) || value
    }
    return value
  }

  /** Gives a number to a network as a whole. Smaller networks in it lose theirs. */
  cover(network: Network, value: number): void {
    const node = this.#nodeOf(network)
    this.#freeChildren(node)
    if (this.#values[node] === 0) this.#size++
    this.#values[node] = value
  }

  #nodeOf({ base, bits }: Network): number {
    let node = base.length === 4 ? IPV4_ROOT : IPV6_ROOT
    for (let bit = 0; bit < bits; bit++) {
      const at = node * 2 + bitOf(base, bit)
      // The new node may move the children elsewhere, so it comes before the reference to it.
      const child = (this.#children[at] as number) || this.#newNode()
      this.#children[at] = child
      node = child
    }
    return node
  }

  #newNode(): number {
    const node = this.#freed
    if (node !== NONE) {
      this.#freed = this.#children[node * 2] as number
      this.#children[node * 2] = NONE
      return node
    }
    if (this.#used === this.#values.length) this.#grow()
    return this.#used++
  }

  #grow(): void {
    const children = new Uint32Array(this.#children.length * 2)
    children.set(this.#children)
    this.#children = children
    const values = new Uint8Array(this.#values.length * 2)
    values.set(this.#values)
    this.#values = values
  }

  #freeChildren(node: number): void {
    for (const at of [node * 2, node * 2 + 1]) {
      const child = this.#children[at] as number
      if (child === NONE) continue
      this.#children[at] = NONE
      this.#freeChildren(child)
      if (this.#values[child] !== 0) this.#size--
      this.#values[child] = 0
      this.#children[child * 2] = this.#freed
      this.#freed = child
    }
  }
}

function bitOf(address: Address, bit: number): number {
  return ((address[bit >> 3] as number) >> (7 - (bit & 7))) & 1
}

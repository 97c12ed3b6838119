import type { Address, Network } from '@chihaya/bittorrent'

/** Nodes are numbers; 0 stands for no node. */
const NONE = 0
const IPV4_ROOT = 1
const IPV6_ROOT = 2
const FIRST_FREE = 3

const INITIAL_NODES = 16

/**
 * A map from networks to numbers from 1 to 255: a binary trie in flat memory. A look-up takes one
 * step for each bit that networks and address share, regardless of the number of networks.
 */
export class NetworkTrie {
  /** Two for each node: one if the next bit is 0, one if it is 1. */
  #children = new Uint32Array(INITIAL_NODES * 2)
  /** The number of the network that ends at a node; 0 without one. */
  #values = new Uint8Array(INITIAL_NODES)
  #used = FIRST_FREE
  /** The first node of the free list, whose nodes link to the next as their first child. */
  #freed = NONE
  #size = 0

  /** The number of networks. */
  get size(): number {
    return this.#size
  }

  /** The number of the smallest network with an address; 0 without one. */
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

  /** Sets the number of a whole network, and removes smaller networks in it. */
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
      // Before the assignment, as a new node may reallocate the children.
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

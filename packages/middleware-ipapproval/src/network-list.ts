import { byteString, parseNetwork } from '@chihaya/bittorrent'
import type { ListFormat } from '@chihaya/core/lists'
import { NetworkTrie } from './network-trie.ts'

/** Addresses and CIDR ranges. The number of each is the length of its prefix in bits and one more: the larger, the closer. */
export const networkList: ListFormat<NetworkTrie> = {
  create: () => new NetworkTrie(),

  add(trie, bytes, start, end) {
    const network = parseNetwork(byteString(bytes, start, end))
    trie.set(network, network.bits + 1)
  },
}

import { parseAddress, parseNetwork, type Address, type Network } from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NetworkTrie } from '../src/network-trie.ts'

// Bytes that seldom differ, so that networks often hold each other.
const address = fc
  .tuple(fc.constantFrom(4, 16), fc.nat(15), fc.constantFrom(0, 1, 64, 128, 255))
  .map(([length, at, byte]) =>
    Uint8Array.from({ length }, (_, index) => (index === at % length ? byte : 0)),
  )
const network = fc
  .tuple(address, fc.nat(128))
  .map(([base, length]): Network => ({ base, bits: Math.min(length, base.length * 8) }))
const value = fc.integer({ min: 1, max: 255 })

function bits(bytes: Address, count: number): string {
  return [...bytes]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, count)
}

/** A trie as plain as can be: the networks one after another, by their bits. */
class Model {
  readonly networks = new Map<string, number>()

  cover(covering: Network, number: number): void {
    const prefix = `${covering.base.length} ${bits(covering.base, covering.bits)}`
    for (const key of this.networks.keys()) if (key.startsWith(prefix)) this.networks.delete(key)
    this.networks.set(prefix, number)
  }

  get(asked: Address): number {
    for (let count = asked.length * 8; count >= 0; count--) {
      const found = this.networks.get(`${asked.length} ${bits(asked, count)}`)
      if (found !== undefined) return found
    }
    return 0
  }
}

describe('a trie of networks', () => {
  test('agrees with a list of networks', () => {
    const step = fc.record({ network, value })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(address, { minLength: 1, maxLength: 20 }),
        (steps, asked) => {
          const trie = new NetworkTrie()
          const model = new Model()
          for (const { network: each, value: number } of steps) {
            trie.cover(each, number)
            model.cover(each, number)
          }
          expect(trie.size).toBe(model.networks.size)
          for (const one of [...asked, ...steps.map((each) => each.network.base)])
            expect(trie.get(one)).toBe(model.get(one))
        },
      ),
    )
  })

  test('keeps the families apart', () => {
    const trie = new NetworkTrie()
    trie.cover(parseNetwork('0.0.0.0/0'), 1)
    expect([
      trie.get(parseAddress('8.8.8.8') as Address),
      trie.get(parseAddress('::') as Address),
    ]).toEqual([1, 0])
  })

  test('takes no more memory when the same networks are covered again and again', () => {
    const trie = new NetworkTrie()
    const before = process.memoryUsage().arrayBuffers
    // 96 nodes each time: 17 MB, if they were not used again.
    for (let round = 0; round < 20_000; round++) {
      trie.cover(parseNetwork('2001:db8::1'), 1)
      trie.cover(parseNetwork('2001:db8::/32'), 2)
    }
    expect([trie.size, trie.get(parseAddress('2001:db8::1') as Address)]).toEqual([1, 2])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000)
  })
})

import {
  compactLength,
  compactPeer,
  countPeers,
  formatAddress,
  parseAddress,
  readCompactPeers,
  type Address,
} from '@chihaya/bittorrent'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const V4 = parseAddress('192.0.2.7') as Address
const V6 = parseAddress('2001:db8::7') as Address
const port = fc.integer({ min: 0, max: 65_535 })

describe('compact peers', () => {
  test('are address and port in network order', () => {
    expect(Buffer.from(compactPeer(V4, 6881)).toString('hex')).toBe('c00002071ae1')
    expect(Buffer.from(compactPeer(V6, 6881)).toString('hex')).toBe(
      '20010db80000000000000000000000071ae1',
    )
    expect([compactLength('ipv4'), compactLength('ipv6')]).toEqual([6, 18])
  })

  test('are read back into separate memory, also from a Buffer', () => {
    const bytes = Buffer.from('c00002071ae1c0000208ffff', 'hex')
    const peers = readCompactPeers(bytes, 'ipv4')
    bytes.fill(0)
    expect(peers.map((peer) => [formatAddress(peer.address), peer.port])).toEqual([
      ['192.0.2.7', 6881],
      ['192.0.2.8', 65_535],
    ])
    expect(readCompactPeers(new Uint8Array(0), 'ipv6')).toEqual([])
  })

  test('survive the round trip in any number', () => {
    for (const [family, length] of [
      ['ipv4', 4],
      ['ipv6', 16],
    ] as const) {
      const address = fc.uint8Array({ minLength: length, maxLength: length })
      fc.assert(
        fc.property(fc.array(fc.record({ address, port }), { maxLength: 100 }), (peers) => {
          const bytes = Buffer.concat(peers.map((peer) => compactPeer(peer.address, peer.port)))
          expect(countPeers({ family, endpoints: bytes })).toBe(peers.length)
          expect(readCompactPeers(bytes, family)).toEqual(peers)
        }),
      )
    }
  })

  test('are refused when bytes are missing or left over', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 16_384 }),
        fc.constantFrom('ipv4' as const, 'ipv6' as const),
        (bytes, family) => {
          const stride = compactLength(family)
          if (bytes.length % stride === 0)
            expect(readCompactPeers(bytes, family)).toHaveLength(bytes.length / stride)
          else expect(() => readCompactPeers(bytes, family)).toThrow(RangeError)
        },
      ),
    )
    expect(() => readCompactPeers(new Uint8Array(7), 'ipv4')).toThrow(
      '7 bytes are not a multiple of 6',
    )
  })
})

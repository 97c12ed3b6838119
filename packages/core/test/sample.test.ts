import { infoHashFrom, peerIdFrom } from '@chihaya/bittorrent'
import { address, sampleAnnounce, sampleInfoHash, samplePeerId } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'

describe('samples', () => {
  test('are valid, and differ by their number', () => {
    const numbers = Array.from({ length: 70_000 }, (_, number) => number)
    expect(new Set(numbers.map(sampleInfoHash)).size).toBe(numbers.length)
    expect(new Set(numbers.map(samplePeerId)).size).toBe(numbers.length)
    expect(infoHashFrom(sampleInfoHash(69_999))).toBe(sampleInfoHash(69_999))
    expect(peerIdFrom(samplePeerId(69_999))).toBe(samplePeerId(69_999))
  })

  test('are the same peer as request and as announce, except for changes', () => {
    const {
      infoHash,
      peerId,
      address: source,
      port,
      numWant,
      params,
    } = sampleAnnounce({ port: 7000 })
    expect(sampleAnnounce({ port: 7000 })).toMatchObject({
      infoHash,
      peerId,
      address: source,
      port,
      numWant,
    })
    expect([params.path, params.get('a'), params.route('b')]).toEqual([
      '/announce',
      undefined,
      undefined,
    ])
  })

  test('refuse text that is not an address', () => {
    expect(() => address('localhost')).toThrow(new TypeError('localhost is not an address'))
  })
})

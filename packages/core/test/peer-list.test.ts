import { readCompactPeers } from '@chihaya/bittorrent'
import { PeerList } from '@chihaya/core'
import { describe, expect, test } from 'vitest'

const CAPACITY = 50

/** Fills a list up with peers whose ports begin at `port`. */
function fill(list: PeerList, port: number): void {
  list.count = 0
  const last = list.family === 'ipv4' ? Uint8Array.of(10, 0, 0, 1) : new Uint8Array(16).fill(0x20)
  for (let index = 0; index < CAPACITY + 1; index++) list.add(last, port + index)
}

function ports(list: PeerList): number[] {
  return readCompactPeers(list.endpoints, list.family).map(({ port }) => port)
}

const from = (port: number): number[] =>
  Array.from({ length: CAPACITY }, (_, index) => port + index)

describe('kept lists', () => {
  test('keep their peers, and have separate room for more', () => {
    const lists: PeerList[] = []
    for (let number = 0; number < 100; number++) {
      const list = new PeerList()
      list.reserve(number % 3 === 0 ? 'ipv6' : 'ipv4', CAPACITY, false)
      if (number % 2 === 0) fill(list, number * 100)
      list.keep()
      if (number % 2 === 0) expect(ports(list)).toEqual(from(number * 100))
      lists.push(list)
    }
    for (const [number, list] of lists.entries()) fill(list, 1 + number * 100)
    for (const [number, list] of lists.entries())
      expect(ports(list)).toEqual(from(1 + number * 100))
  })

  test('take other memory when they are used again', () => {
    const [one, other] = [new PeerList(), new PeerList()]
    for (const list of [one, other]) {
      list.reserve('ipv4', CAPACITY, false)
      list.keep()
    }
    fill(other, 1000)
    one.reserve('ipv6', CAPACITY, false)
    fill(one, 2000)
    expect([ports(one), ports(other)]).toEqual([from(2000), from(1000)])
  })
})

import { address } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { Networks } from '../src/networks.ts'

describe('a set of networks', () => {
  const cases: Array<[range: string, inside: string[], outside: string[]]> = [
    ['192.0.2.7', ['192.0.2.7'], ['192.0.2.6', '192.0.2.8', '::1']],
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0', '2001:db8::a']],
    ['172.16.0.0/12', ['172.16.0.1', '172.31.255.255'], ['172.15.255.255', '172.32.0.0']],
    ['192.0.2.129/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::1']],
    ['2001:db8::/33', ['2001:db8::1', '2001:db8:7fff::'], ['2001:db8:8000::', '32.1.13.184']],
    ['::1/128', ['::1'], ['::', '::2']],
  ]
  test.each(cases)('%s', (range, inside, outside) => {
    const networks = new Networks([range])
    expect(inside.filter((text) => networks.has(address(text)))).toEqual(inside)
    expect(outside.filter((text) => networks.has(address(text)))).toEqual([])
  })

  test('holds what any of its ranges holds', () => {
    const networks = new Networks(['192.0.2.7', 'fd00::/8'])
    expect(['192.0.2.7', 'fd12::1', '192.0.2.8'].map((text) => networks.has(address(text)))).toEqual([true, true, false])
    expect(new Networks([]).has(address('192.0.2.7'))).toBe(false)
  })

  test.each([
    '',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0',
    'localhost',
    '/8',
  ])('refuses %j', (text) => {
    expect(() => new Networks([text])).toThrow(`${JSON.stringify(text)} is neither an address nor a CIDR range`)
  })
})

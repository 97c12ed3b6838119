import { address } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import { isUnicast, sourceFrom } from '../src/source.ts'

describe("a datagram's source", () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is read as %s', (text, expected) => {
    expect(sourceFrom(text, 6881)).toEqual({ address: address(expected), port: 6881 })
  })

  test('is undefined for other text', () => {
    expect(sourceFrom('localhost', 6881)).toBeUndefined()
    expect(sourceFrom('', 6881)).toBeUndefined()
  })

  test('must be a single host', () => {
    const hosts = [
      '1.0.0.1',
      '127.0.0.1',
      '10.0.0.1',
      '223.255.255.255',
      '::1',
      'fe80::1',
      '2001:db8::1',
    ]
    const others = ['0.0.0.0', '224.0.0.1', '239.255.255.255', '255.255.255.255', '::', 'ff02::1']
    expect([...hosts, ...others].filter((text) => isUnicast(address(text)))).toEqual(hosts)
  })
})

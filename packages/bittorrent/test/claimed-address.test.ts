import { acceptClaim, claimSources, parseAddress, type Address } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'

function address(text: string): Address {
  return parseAddress(text) ?? expect.fail(`${text} is no address`)
}

describe('an address that a source claims', () => {
  test.each([
    ['8.8.8.8', '9.9.9.9'],
    ['8.8.8.8', '10.0.0.1'],
    ['10.0.0.2', '10.0.0.1'],
    ['fd00::2', '127.0.0.1'],
  ])('%s is accepted from %s', (claimed, source) => {
    expect(acceptClaim(address(claimed), address(source))).toEqual(address(claimed))
  })

  test.each([
    ['10.0.0.2', '9.9.9.9'],
    ['fd00::2', '2600::1'],
    ['127.0.0.1', '10.0.0.1'],
    ['224.0.0.1', '9.9.9.9'],
    ['::', '::1'],
  ])('%s is refused from %s', (claimed, source) => {
    expect(() => acceptClaim(address(claimed), address(source))).toThrow('invalid IP')
  })
})

test('who may claim is nobody, loopback and private sources, or those in a list', () => {
  expect(claimSources(false)).toBeUndefined()
  const local = claimSources(true)
  expect(['127.0.0.1', '192.168.1.1', '::1', '8.8.8.8'].map((text) => local?.has(address(text)))).toEqual([
    true,
    true,
    true,
    false,
  ])
  expect(claimSources(['8.8.8.0/24'])?.has(address('8.8.8.8'))).toBe(true)
  expect(() => claimSources(['nowhere'])).toThrow('"nowhere" is neither an address nor a CIDR range')
})

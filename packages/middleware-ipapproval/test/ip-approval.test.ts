import { parseAddress, type Address } from '@chihaya/bittorrent'
import { EntryList } from '@chihaya/core/lists'
import { describe, expect, test } from 'vitest'
import { IpApproval } from '../src/ip-approval.ts'
import { networkList } from '../src/network-list.ts'
import type { NetworkTrie } from '../src/network-trie.ts'

function list(...entries: string[]): NetworkTrie {
  const networks = networkList.create(0)
  for (const entry of entries) networkList.add(networks, Buffer.from(entry), 0, entry.length)
  return networks
}

/** An approval whose entries are in the options and in a file by turns. */
function approval(lists: { whitelist?: string[]; blacklist?: string[] }): IpApproval {
  const halves = (entries: string[] = []): EntryList<NetworkTrie> => {
    const half = (which: number): NetworkTrie => list(...entries.filter((_, index) => index % 2 === which))
    return new EntryList(half(0), half(1))
  }
  const { whitelist, blacklist } = lists
  return new IpApproval({ whitelist: halves(whitelist), blacklist: halves(blacklist), approvesOthers: whitelist === undefined })
}

describe('an address', () => {
  test.each<[whitelist: string[] | undefined, blacklist: string[] | undefined, address: string, approved: boolean]>([
    [undefined, undefined, '192.0.2.7', true],
    [[], undefined, '192.0.2.7', false],
    [['10.0.0.0/8', '2001:db8::/32'], undefined, '10.1.2.3', true],
    [['10.0.0.0/8', '2001:db8::/32'], undefined, '11.1.2.3', false],
    [['10.0.0.0/8', '2001:db8::/32'], undefined, '2001:db8::7', true],
    [['10.0.0.0/8', '2001:db8::/32'], undefined, '2001:db9::7', false],
    [undefined, ['192.0.2.7', '2001:db8::/32'], '192.0.2.7', false],
    [undefined, ['192.0.2.7', '2001:db8::/32'], '192.0.2.8', true],
    [undefined, ['192.0.2.7', '2001:db8::/32'], '2001:db8::7', false],
    [undefined, ['::ffff:10.0.0.0/104'], '10.1.2.3', false],
    // The closest entry decides, and the blacklist where both are as close.
    [['10.0.0.0/8'], ['10.1.0.0/16'], '10.1.2.3', false],
    [['10.0.0.0/8'], ['10.1.0.0/16'], '10.2.2.3', true],
    [['10.0.0.0/8'], ['10.1.0.0/16'], '11.0.0.1', false],
    [['10.0.0.0/8', '10.1.2.3'], ['10.1.0.0/16'], '10.1.2.3', true],
    [['10.1.2.3'], ['0.0.0.0/0'], '10.1.2.3', true],
    [['10.0.0.0/8'], ['10.0.0.0/8'], '10.1.2.3', false],
  ])('whitelist %j, blacklist %j, %s: approved %s', (whitelist, blacklist, address, approved) => {
    const addresses = approval({ ...(whitelist && { whitelist }), ...(blacklist && { blacklist }) })
    expect(addresses.has(address)).toBe(approved)
    expect(addresses.has(parseAddress(address) as Address)).toBe(approved)
  })

  test.each([{ whitelist: ['10.0.0.0/8'] }, { blacklist: ['10.0.0.0/8'] }])(
    'is approved by the latest edit it is in, with %j too',
    (lists) => {
      const addresses = approval(lists)
      const verdicts = (): boolean[] => ['10.1.2.3', '10.1.2.4', '2001:db8::1'].map((address) => addresses.has(address))
      const others = 'blacklist' in lists
      addresses.deny('10.1.0.0/16')
      expect(verdicts()).toEqual([false, false, others])
      addresses.allow('10.1.2.3')
      expect(verdicts()).toEqual([true, false, others])
      addresses.deny('10.0.0.0/8')
      expect(verdicts()).toEqual([false, false, others])
      addresses.allow('10.1.2.0/24')
      addresses.allow('2001:db8::/32')
      expect(verdicts()).toEqual([true, true, true])
      addresses.deny('2001:db8::1')
      expect(verdicts()).toEqual([true, true, false])
    },
  )

  test.each(['', 'localhost', '10.0.0', '10.0.0.0/33'])('is not named %j', (text) => {
    const addresses = approval({})
    expect(() => addresses.allow(text)).toThrow(`${JSON.stringify(text)} is neither an address nor a CIDR range`)
    expect(() => addresses.deny(text)).toThrow(RangeError)
    expect(() => addresses.has(text)).toThrow(new RangeError(`${JSON.stringify(text)} is no address`))
  })
})

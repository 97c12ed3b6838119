import { parseAddress, type Address } from '@chihaya/bittorrent'
import { EntryList } from '@chihaya/core/lists'
import { describe, expect, test } from 'vitest'
import { IpApproval } from '../src/ip-approval.ts'
import { networkList } from '../src/network-list.ts'
import type { RangeTable } from '../src/range-table.ts'

async function list(...entries: string[]): Promise<RangeTable> {
  const networks = networkList.create(0)
  for (const entry of entries) networkList.add(networks, Buffer.from(entry), 0, entry.length)
  await networkList.finish?.(networks)
  return networks
}

/** An approval whose entries are in the options and in a file by turns. */
async function approval(lists: {
  whitelist?: string[]
  blacklist?: string[]
}): Promise<IpApproval> {
  const halves = async (entries: string[] = []): Promise<EntryList<RangeTable>> => {
    const half = (which: number): Promise<RangeTable> =>
      list(...entries.filter((_, index) => index % 2 === which))
    return new EntryList(await half(0), await half(1))
  }
  const [whitelist, blacklist] = await Promise.all([
    halves(lists.whitelist),
    halves(lists.blacklist),
  ])
  return new IpApproval({ whitelist, blacklist, approvesOthers: lists.whitelist === undefined })
}

describe('an address', () => {
  test.each<
    [
      whitelist: string[] | undefined,
      blacklist: string[] | undefined,
      address: string,
      approved: boolean,
    ]
  >([
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
    // A range is as close as the smallest CIDR range with room for as many addresses.
    [undefined, ['192.0.2.1-192.0.2.99'], '192.0.2.99', false],
    [undefined, ['192.0.2.1-192.0.2.99'], '192.0.2.100', true],
    [undefined, ['2001:db8::1 - 2001:db8::1:0'], '2001:db8::ffff', false],
    [undefined, ['2001:db8::1 - 2001:db8::1:0'], '2001:db8::', true],
    [['10.0.0.1-10.0.0.254'], ['10.0.0.0/24'], '10.0.0.1', false],
    [['10.0.0.1-10.0.0.100'], ['10.0.0.0/24'], '10.0.0.1', true],
    [['10.0.0.0/25'], ['10.0.0.0-10.0.0.199'], '10.0.0.1', true],
  ])(
    'whitelist %j, blacklist %j, %s: approved %s',
    async (whitelist, blacklist, address, approved) => {
      const addresses = await approval({
        ...(whitelist && { whitelist }),
        ...(blacklist && { blacklist }),
      })
      expect(addresses.has(address)).toBe(approved)
      expect(addresses.has(parseAddress(address) as Address)).toBe(approved)
    },
  )

  test.each([{ whitelist: ['10.0.0.0/8'] }, { blacklist: ['10.0.0.0/8'] }])(
    'is approved by the latest edit it is in, with %j too',
    async (lists) => {
      const addresses = await approval(lists)
      const verdicts = (): boolean[] =>
        ['10.1.2.3', '10.1.2.4', '2001:db8::1'].map((address) => addresses.has(address))
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
      addresses.deny('10.1.2.4-10.1.3.0')
      expect(verdicts()).toEqual([true, false, false])
    },
  )

  test.each(['', 'localhost', '10.0.0', '10.0.0.0/33'])('is not named %j', async (text) => {
    const addresses = await approval({})
    expect(() => addresses.allow(text)).toThrow(
      `${JSON.stringify(text)} is neither an address nor a range of addresses`,
    )
    expect(() => addresses.deny(text)).toThrow(RangeError)
    expect(() => addresses.has(text)).toThrow(
      new RangeError(`${JSON.stringify(text)} is not an address`),
    )
  })
})

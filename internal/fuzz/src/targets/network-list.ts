import { addressFamily } from '@chihaya/bittorrent'
import {
  networksOf,
  parseEntry,
  type AddressRange,
} from '../../../../packages/middleware-ipapproval/src/address-range.ts'
import { networkList } from '../../../../packages/middleware-ipapproval/src/network-list.ts'
import { check, type Target } from '../target.ts'

const ENTRIES = [
  '192.0.2.7',
  '10.0.0.0/8',
  '2001:db8::/32',
  '192.0.2.1-192.0.2.99',
  '::1-::ff',
  '001.002.003.000 - 001.002.003.255',
]
const SIGNS = [
  '-',
  ',',
  ' , ',
  ':',
  '/',
  ' ',
  '\t',
  ' # ',
  '000',
  '127',
  '128',
  'a name:',
  '255.255.255.255',
  '0.0.0.0',
  '::',
]

/** Every form of a line in a list of networks gives a range with its ends, or a `RangeError`. */
export const target: Target = {
  maxLength: 256,
  tokens: [...ENTRIES, ...SIGNS],
  async run(input) {
    const text = Buffer.from(input).toString('latin1')
    const range = refusing(() => parseEntry(text))
    if (range) checkRange(range)
    const table = networkList.create(0)
    // The entry before a comment, and the whole line.
    const comment = text.indexOf(' # ')
    const end = comment < 0 ? input.length : comment
    const isTaken = refusing(() => networkList.add(table, input, 0, end, input.length) ?? true)
    check(comment >= 0 || !range || isTaken === true, 'a list refuses an entry that options accept')
    if (!isTaken) return
    await networkList.finish?.(table)
    if (range && comment < 0)
      check(
        table.get(range.first) > 0 && table.get(range.last) > 0,
        'a list does not contain the ends of a range',
      )
  },
}

/** Calls a function. Returns undefined if it throws a `RangeError`. */
function refusing<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch (error) {
    check(error instanceof RangeError, 'a list throws another error than RangeError')
    return undefined
  }
}

function checkRange(range: AddressRange): void {
  const { first, last } = range
  check(addressFamily(first) === addressFamily(last), 'a range mixes both families')
  const networks = networksOf(range)
  const width = first.length * 8
  const size = networks.reduce((sum, { bits }) => sum + (1n << BigInt(width - bits)), 0n)
  check(
    size === number(last) - number(first) + 1n,
    'the networks of a range have another total size',
  )
  check(networks.length <= 2 * width, 'a range has more networks than it needs')
}

function number(address: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(address).toString('hex')}`)
}

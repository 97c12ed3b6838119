import { isIP } from 'node:net'
import {
  addressScope,
  formatAddress,
  Networks,
  parseAddress,
  parseAddressLiteral,
  parseNetwork,
  unmap,
  type Address,
} from '@chihaya/bittorrent'
import { sourceFrom } from '../../../../packages/udp-frontend/src/source.ts'
import { check, type Target } from '../target.ts'

const ADDRESSES = [
  '::',
  '::ffff:',
  '2001:db8::7',
  '192.0.2.7',
  '64:ff9b::',
  '2002:',
  '127.1',
  '010.0.0.1',
  '0x7f.1',
]
const SIGNS = [
  ':',
  '.',
  '[',
  ']',
  '%eth0',
  '/0',
  '/32',
  '/128',
  '/129',
  ':6881',
  ':65536',
  ']:',
  '255',
  '256',
  'ffff',
  'FFFF:',
]

/**
 * Addresses and networks parse as in Node.js, apart from zones. Invalid networks throw a
 * `RangeError`.
 */
export const target: Target = {
  maxLength: 128,
  tokens: [...ADDRESSES, ...SIGNS],
  run(input) {
    const text = Buffer.from(input).toString('latin1')
    const address = parseAddress(text)
    check((address !== undefined) === isPlainAddress(text), 'parseAddress disagrees with Node.js')
    if (address) checkAddress(address)
    checkLiteral(text, address)
    checkNetwork(text)
    const source = sourceFrom(text, 1)?.address
    check(
      same(source, parseAddress(text.split('%')[0] as string)),
      'sourceFrom does not ignore the zone',
    )
  },
}

function isPlainAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%')
}

function checkAddress(address: Address): void {
  const text = formatAddress(address)
  check(same(parseAddress(text), address), 'formatAddress changes the address')
  check(text.length <= 45 && isPlainAddress(text), 'formatAddress writes an invalid address')
  check(
    ['public', 'private', 'unusable'].includes(addressScope(address)),
    'addressScope returns an unknown scope',
  )
  check(unmap(address) === address, 'parseAddress does not unmap an address')
}

function checkLiteral(text: string, bare: Address | undefined): void {
  const literal = parseAddressLiteral(text)
  if (bare) check(same(literal, bare), 'parseAddressLiteral refuses an address')
  if (!literal || bare) return
  const [, inBrackets, outside] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,20})?$/.exec(text) ?? []
  check(
    same(literal, parseAddress(inBrackets ?? outside ?? '')),
    'parseAddressLiteral accepts more than an address and a port',
  )
}

function checkNetwork(text: string): void {
  const bits = bitsOf(text)
  let network: ReturnType<typeof parseNetwork>
  try {
    network = parseNetwork(text)
  } catch (error) {
    check(error instanceof RangeError, 'parseNetwork throws another error than RangeError')
    check(bits === undefined, 'parseNetwork refuses a valid network')
    return
  }
  check(network.bits === bits, 'parseNetwork returns another prefix')
  check(new Networks([text]).has(network.base), 'a network does not cover its own base')
}

/** The prefix length of a network, or undefined if the text is invalid. */
function bitsOf(text: string): number | undefined {
  const [, literal = '', prefix] = /^([^/]*)(?:\/(0|[1-9]\d*))?$/.exec(text) ?? []
  const base = parseAddress(literal)
  if (!base) return undefined
  const all = base.length * 8
  // The prefix of a mapped address includes the 96 bits of the mapping.
  const bits =
    prefix === undefined ? all : Number(prefix) - (isIP(literal) === 6 && all === 32 ? 96 : 0)
  return bits >= 0 && bits <= all ? bits : undefined
}

function same(one: Address | undefined, other: Address | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.from(one).equals(other)
}

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
 * Addresses and networks are read as Node itself reads addresses, but for zones; a network is
 * refused with a `RangeError`.
 */
export const target: Target = {
  maxLength: 128,
  tokens: [...ADDRESSES, ...SIGNS],
  run(input) {
    const text = Buffer.from(input).toString('latin1')
    const address = parseAddress(text)
    check((address !== undefined) === isPlainAddress(text), 'parseAddress and Node do not agree')
    if (address) checkAddress(address)
    checkLiteral(text, address)
    checkNetwork(text)
    const source = sourceFrom(text, 1)?.address
    check(
      same(source, parseAddress(text.split('%')[0] as string)),
      'sourceFrom does not read what precedes the zone',
    )
  },
}

function isPlainAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%')
}

function checkAddress(address: Address): void {
  const text = formatAddress(address)
  check(same(parseAddress(text), address), 'formatAddress writes another address')
  check(text.length <= 45 && isPlainAddress(text), 'formatAddress writes what is no address')
  check(
    ['public', 'private', 'unusable'].includes(addressScope(address)),
    'addressScope returns something else',
  )
  check(unmap(address) === address, 'parseAddress leaves a mapped address as it is')
}

function checkLiteral(text: string, bare: Address | undefined): void {
  const literal = parseAddressLiteral(text)
  if (bare) check(same(literal, bare), 'parseAddressLiteral does not take an address')
  if (!literal || bare) return
  const [, inBrackets, outside] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,20})?$/.exec(text) ?? []
  check(
    same(literal, parseAddress(inBrackets ?? outside ?? '')),
    'parseAddressLiteral takes more than an address and a port',
  )
}

function checkNetwork(text: string): void {
  const bits = bitsOf(text)
  let network: ReturnType<typeof parseNetwork>
  try {
    network = parseNetwork(text)
  } catch (error) {
    check(error instanceof RangeError, 'parseNetwork throws something else than a RangeError')
    check(bits === undefined, 'parseNetwork refuses a network')
    return
  }
  check(network.bits === bits, 'parseNetwork reads another prefix')
  check(new Networks([text]).has(network.base), 'a network does not cover its own base')
}

/** The length of a network's prefix, undefined where the text is no network. */
function bitsOf(text: string): number | undefined {
  const [, literal = '', prefix] = /^([^/]*)(?:\/(0|[1-9]\d*))?$/.exec(text) ?? []
  const base = parseAddress(literal)
  if (!base) return undefined
  const all = base.length * 8
  // The prefix of a mapped address counts the bits of the mapping, which are no longer there.
  const bits =
    prefix === undefined ? all : Number(prefix) - (isIP(literal) === 6 && all === 32 ? 96 : 0)
  return bits >= 0 && bits <= all ? bits : undefined
}

function same(one: Address | undefined, other: Address | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.from(one).equals(other)
}

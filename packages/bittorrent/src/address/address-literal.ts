import { parseInteger } from '../codec/integer.ts'
import { parseAddress, type Address } from './address.ts'

/**
 * Reads an IP literal from a header or parameter: bare, bracketed (`[2001:db8::7]`), or with a port
 * (`192.0.2.7:6881`, `[2001:db8::7]:6881`; BEP 7). The port is checked and dropped. Undefined for
 * anything else, host names included.
 */
export function parseAddressLiteral(text: string): Address | undefined {
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    const literal = text.slice(1, end)
    if (end < 0 || !literal.includes(':')) return undefined
    return end === text.length - 1 || isPortSuffix(text, end + 1)
      ? parseAddress(literal)
      : undefined
  }
  const colon = text.indexOf(':')
  if (colon < 0 || text.indexOf(':', colon + 1) >= 0) return parseAddress(text)
  return isPortSuffix(text, colon) ? parseAddress(text.slice(0, colon)) : undefined
}

function isPortSuffix(text: string, colon: number): boolean {
  const port = text[colon] === ':' ? parseInteger(text.slice(colon + 1)) : undefined
  return port !== undefined && port >= 0 && port <= 65_535
}

import { isIP } from 'node:net'
import {
  formatAddress,
  parseProxyHeader,
  parseProxyHeaderV2,
  type NoProxyHeader,
  type ProxyHeader,
} from '@chihaya/bittorrent'
import { check, type Target } from '../target.ts'

const V2 = '\r\n\r\n\x00\r\nQUIT\n'
const LINES = [
  'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n',
  'PROXY ',
  'TCP4 ',
  'TCP6 ',
  'UNKNOWN',
  '\r\n',
  '192.0.2.1 ',
  '::1 ',
  '65535',
  '65536',
]
const BINARY = [
  V2,
  `${V2}\x21\x11\x00\x0c`,
  `${V2}\x21\x21\x00\x24`,
  `${V2}\x20\x00\x00\x00`,
  '\x21',
  '\x12',
  '\x31\x00\xd8',
]
const MAX_LINE = 107

/**
 * A PROXY header parses the same at any offset and in any pieces: once it is complete or invalid,
 * further bytes change nothing. The line of version 1 follows the specification's grammar.
 */
export const target: Target = {
  maxLength: 300,
  tokens: [...LINES, ...BINARY],
  run(input) {
    for (const parse of [parseProxyHeader, parseProxyHeaderV2]) {
      const result = inWords(parse(input, 0, input.length))
      const within = Buffer.concat([Buffer.from('PROXY'), input, Buffer.from('\r\n0000')])
      check(
        inWords(parse(within, 5, 5 + input.length)) === result,
        'a PROXY header is read beyond its end',
      )
      let before = 'incomplete'
      for (let end = 0; end <= input.length; end++) {
        const now = inWords(parse(input, 0, end))
        check(
          before === 'incomplete' || now === before,
          'a PROXY header changes with the bytes after it',
        )
        before = now
      }
    }
    const text = Buffer.from(input).toString('latin1')
    if (!text.startsWith('P')) return
    const header = parseProxyHeader(input, 0, input.length)
    check((typeof header !== 'string') === isLine(text), 'a PROXY line violates the grammar')
  },
}

function inWords(result: ProxyHeader | NoProxyHeader): string {
  if (typeof result === 'string') return result
  const { length, source } = result
  return source
    ? `${length} bytes, ${formatAddress(source.address)} port ${source.port}`
    : `${length} bytes`
}

/** Whether a text begins with a header line of version 1. */
function isLine(text: string): boolean {
  const match = /^PROXY (?:UNKNOWN(?: [^\r]*)?|TCP([46]) ([^ \r]+) ([^ \r]+) (\d+) (\d+))\r\n/.exec(
    text,
  )
  if (!match || match[0].length > MAX_LINE) return false
  const [, family, source = '', destination = '', ...ports] = match
  if (family === undefined) return true
  const areAddresses = [source, destination].every(
    (address) => isIP(address) === Number(family) && !address.includes('%'),
  )
  return (
    areAddresses && ports.every((port) => Number(port) <= 65_535 && String(Number(port)) === port)
  )
}

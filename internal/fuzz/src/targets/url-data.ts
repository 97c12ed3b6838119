import { readUrlData, UrlDataParams } from '@chihaya/bittorrent'
import { check, type Target } from '../target.ts'

const MAX_URL_DATA = 2560

/** The options of a UDP announce (BEP 41) match a plain parser of the BEP, and never throw. */
export const target: Target = {
  maxLength: 4096,
  tokens: [
    '\x00',
    '\x01',
    '\x02\x05/?a=b',
    '\x02\x00',
    '\x02\xff',
    '\x03\x02ab',
    '/announce?',
    'a=b',
    '&',
    '%20',
    '%',
    '#',
    'jwt=',
  ],
  run(input) {
    const text = readUrlData(input, 0, input.length)
    check(text === urlOf([...input]).slice(0, MAX_URL_DATA), 'readUrlData returns another text')
    // In a larger buffer, nothing else may be read.
    const within = Buffer.concat([Buffer.from('\x02\x01x'), input, Buffer.from('\x02\x01x')])
    check(
      readUrlData(within, 3, 3 + input.length) === text,
      'readUrlData reads bytes outside the options',
    )
    const params = new UrlDataParams(text)
    check(text.startsWith(params.path), 'the path is not the beginning of URLData')
    for (const name of ['a', 'jwt', '', '__proto__']) {
      const value = params.get(name)
      check(
        value === undefined || value.length <= text.length,
        'a parameter is longer than URLData',
      )
    }
  },
}

function urlOf(options: readonly number[]): string {
  const [type, length = Number.NaN] = options
  if (type === undefined || type === 0) return ''
  if (type === 1) return urlOf(options.slice(1))
  if (!(options.length >= 2 + length)) return ''
  return (
    (type === 2 ? String.fromCharCode(...options.slice(2, 2 + length)) : '') +
    urlOf(options.slice(2 + length))
  )
}

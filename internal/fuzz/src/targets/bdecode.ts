import { bdecode, bencode, type Bdecoded } from '@chihaya/bittorrent'
import { check, type Target } from '../target.ts'

const MAX_DEPTH = 32

/** Decoding throws only `SyntaxError`, and accepts only the canonical form. */
export const target: Target = {
  maxLength: 4096,
  tokens: [
    'i0e',
    'i-1e',
    'le',
    'de',
    '0:',
    '1:a',
    'd1:a',
    'l',
    'e',
    'i18446744073709551615e',
    '4294967296:',
    '20:',
    ':',
    '-',
  ],
  run(input) {
    let value: Bdecoded
    try {
      value = bdecode(input)
    } catch (error) {
      check(error instanceof SyntaxError, 'bdecode throws another error than SyntaxError')
      return
    }
    check(depth(value) <= MAX_DEPTH, 'bdecode returns a value that is nested too deeply')
    check(bencode(value).equals(input), 'bencode does not restore the input of bdecode')
  },
}

function depth(value: Bdecoded): number {
  if (Array.isArray(value)) return 1 + Math.max(0, ...value.map(depth))
  if (value instanceof Map) return 1 + Math.max(0, ...[...value.values()].map(depth))
  return 0
}

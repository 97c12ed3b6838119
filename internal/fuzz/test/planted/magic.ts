import type { Target } from '../../src/target.ts'

/** A parser with a fault that only coverage finds: it compares its magic number byte by byte. */
function parse(input: Uint8Array): string {
  if (input[0] !== 0x43) return 'no'
  if (input[1] !== 0x68) return 'not yet'
  if (input[2] !== 0x69) return 'nearly'
  if (input[3] !== 0x68) return 'almost'
  if (input.length > 12) throw new RangeError('the planted fault')
  return 'short'
}

export const target: Target = { maxLength: 64, tokens: [], run: (input) => void parse(input) }

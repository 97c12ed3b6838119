import type { Target } from '../../src/target.ts'

/** A parser that loops forever on a certain byte. */
export const target: Target = {
  maxLength: 16,
  tokens: ['\xfe'],
  run(input) {
    for (let at = 0; at < input.length;) if (input[at] !== 0xfe) at++
  },
}

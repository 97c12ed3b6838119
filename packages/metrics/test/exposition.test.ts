import { describe, expect, test } from 'vitest'
import { parseExposition } from './exposition.ts'

describe('the parser that these tests rely on', () => {
  test('reads series with labels', () => {
    const text = '# HELP a What it is.\n# TYPE a counter\na{b="c\\"\\n",d=""} 1\na 2.5\n'
    expect(parseExposition(text)).toEqual([
      { name: 'a', labels: { b: 'c"\n', d: '' }, value: 1 },
      { name: 'a', labels: {}, value: 2.5 },
    ])
  })

  test.each([
    ['a 1\n', 'in no family'],
    ['# TYPE a counter\na 1\n', 'without help'],
    ['# HELP a b\n# TYPE a counter\na 1\na 1\n', 'twice'],
    ['# HELP a b\n# TYPE a counter\na{b="c"x} 1\n', 'labels'],
    ['# HELP a b\n# TYPE a counter\na{b="c",} 1\n', 'labels'],
    ['# HELP a b\n# TYPE a counter\na{b="c", 1\n', 'no series'],
    ['# HELP a b\n# TYPE a counter\na_total 1\n', 'in no family'],
    ['# HELP a b\n# TYPE a counter\na 1', 'does not end'],
    [
      '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_count 1\n',
      'add up',
    ],
  ])('refuses %j', (text, reason) => {
    expect(() => parseExposition(text)).toThrow(reason)
  })
})

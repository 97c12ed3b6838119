import { describe, expect, it } from 'vitest'
import { expandReferences } from '../src/config/references.ts'

const env = { HOST: 'tracker.example', EMPTY: '', PORT: '80', LOOP: '${HOST}' }

describe('references in a value', () => {
  it.each([
    ['${HOST}', 'tracker.example'],
    ['http://${HOST}:${PORT}/', 'http://tracker.example:80/'],
    ['${EMPTY}', ''],
    ['${EMPTY:-x}', 'x'],
    ['${NOTHING:-a b:-c}', 'a b:-c'],
    ['${NOTHING:-}', ''],
    ['${PORT:-1}', '80'],
    // Values of variables are not expanded again.
    ['${LOOP}', '${HOST}'],
    ['$${HOST}', '${HOST}'],
    ['a$${HOST}b${PORT}', 'a${HOST}b80'],
    ['$$${PORT}', '$${PORT}'],
  ])('%s becomes %s', (text, expanded) => {
    expect(expandReferences(text, env)).toMatchObject({ text: expanded, bad: [] })
  })

  it.each([
    '$HOST',
    'a$b',
    '$',
    '$$',
    '$$HOST',
    '${',
    '${}',
    '${1}',
    '$ {HOST}',
    'p4$$w{o}rd',
    '${-x}',
  ])('leaves %s unchanged', (text) => {
    expect(expandReferences(text, env)).toEqual({ text, names: [], bad: [] })
  })

  it.each([
    ['${NOTHING}', 'has no value, as the environment variable NOTHING is not set'],
    ['${HOST', 'is neither ${HOST} nor ${HOST:-default}; write $${ for a plain ${'],
    ['${HOST-x}', 'is neither ${HOST} nor ${HOST:-default}; write $${ for a plain ${'],
    ['${HOST:x}', 'is neither ${HOST} nor ${HOST:-default}; write $${ for a plain ${'],
  ])('refuses %s', (text, reason) => {
    expect(expandReferences(text, env).bad).toEqual([expect.objectContaining({ reason })])
  })

  it('names the variables, each once', () => {
    expect(expandReferences('${A:-1}${HOST}${A:-2}', env).names).toEqual(['A', 'HOST'])
  })
})

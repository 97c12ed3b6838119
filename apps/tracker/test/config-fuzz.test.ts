import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { ConfigError } from '../src/config/problems.ts'
import { readConfig } from '../src/config/load-config.ts'
import { chihayaSection, memoryStorage, sections, withParts } from '../src/config/sections.ts'
import { variablesBelow } from '../src/config/environment.ts'

const KEYS = [
  ...[sections.root, sections.http, sections.udp, sections.storage, sections.memory].flatMap(
    ({ keys }) => [...(keys ?? new Map()).keys()],
  ),
  'chihaya',
  'name',
  'options',
  'config',
  '<<',
  '__proto__',
  'constructor',
  'toString',
  '',
  '0',
  '${A}',
] as string[]
const WORDS = [
  ':1',
  '30m',
  '0',
  'yes',
  'memory',
  'redis',
  'jwt',
  'client approval',
  '10.0.0.0/8',
  '/announce',
  '${A}',
  '${B:-5}',
  '$${',
  '${',
  '*a',
  '&a',
  '!!x',
  './nothing.js',
]

async function outcome(text: string, env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  try {
    const { tracker } = await readConfig({
      name: 'c.yaml',
      path: '/nowhere/c.yaml',
      text,
      folder: '/nowhere',
      env,
    })
    return tracker
  } catch (error) {
    // Anything else fails the property.
    if (!(error instanceof ConfigError)) throw error
    for (const { file, line = 0, column = 0, variable } of [...error.notes, ...error.warnings]) {
      if (variable === undefined)
        expect([file, line > 0, column > 0, line <= text.split('\n').length]).toEqual([
          'c.yaml',
          true,
          true,
          true,
        ])
      else expect(line).toBe(0)
    }
    expect(error.notes.length).toBeGreaterThan(0)
    return error
  }
}

const scalar = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string({ maxLength: 20 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
)
const key = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...KEYS) },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6 }),
  ),
}))
const section = fc.dictionary(key, value, { maxKeys: 10 })

describe('any configuration loads, or is refused with reasons', () => {
  it('as structures', async () => {
    const file = fc.record({
      chihaya: fc.record(
        { http: section, udp: section, storage: section, prehooks: value, more: value },
        { requiredKeys: [] },
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(file, fc.dictionary(key, value)), async (structure) => {
        await outcome(stringify(structure))
      }),
      { numRuns: 300 },
    )
  })

  it('as text', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'chihaya:',
        '\n',
        '\n  ',
        ': ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '"',
        "'",
        '#',
        '|',
        '>',
        '<<: *a',
        ', ',
      ),
      fc.constantFrom(...KEYS, ...WORDS),
      fc.string({ maxLength: 5 }),
    )
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          text,
          text.map((rest) => `chihaya:\n  ${rest}`),
          fc.string({ maxLength: 16_384, unit: 'binary' }),
        ),
        async (file) => {
          await outcome(file)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('with any environment', async () => {
    const name = fc.oneof(
      fc.constantFrom(
        ...variablesBelow(withParts(chihayaSection, { storage: memoryStorage }), 'chihaya'),
      ),
      fc.constantFrom('CHIHAYA_STORAGE_CONFIG_X', 'CHIHAYA_HTTP', 'A', 'B'),
      fc.stringMatching(/^CHIHAYA_[A-Z_]{0,12}$/),
    )
    const env = fc.dictionary(
      name,
      fc.oneof(fc.constantFrom(...WORDS), fc.json({ maxDepth: 2 }), fc.string({ maxLength: 20 })),
      {
        maxKeys: 5,
      },
    )
    const file =
      'chihaya: { http: { addr: ":1", max_numwant: "${A:-3}" }, storage: { config: {} } }'
    await fc.assert(
      fc.asyncProperty(env, async (set) => void (await outcome(file, set))),
      { numRuns: 300 },
    )
  })

  it.each([
    ['nested deeply', `chihaya: ${'['.repeat(8000)}`],
    ['nested deeply and closed', `chihaya: ${'['.repeat(8000)}${']'.repeat(8000)}`],
    [
      'nested deeply in a section',
      `chihaya: { udp: { addr: ":1" }, prehooks: [{ name: ./x.js, options: ${'{a: '.repeat(3000)}1${'}'.repeat(3000)} }] }`,
    ],
    [
      'aliases of aliases',
      `chihaya:\n  udp: { addr: ":1", private_key: x }\n  storage:\n    name: redis\n    config:\n      tls: ${laughs()}\n`,
    ],
  ])('even when it is %s', async (_name, text) => {
    expect(await outcome(text)).toBeInstanceOf(ConfigError)
  })
})

/** A flow map whose aliases would fill the memory. */
function laughs(): string {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const before = level === 0 ? 'x' : `*l${level - 1}`
    return `k${level}: &l${level} [${Array.from({ length: 10 }, () => before).join(', ')}]`
  })
  return `{ ${levels.join(', ')} }`
}

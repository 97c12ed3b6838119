import { optionsSchema, parseOptions, type CoreOptions, type OptionsSchema } from '@chihaya/core'
import { describe, expect, test } from 'vitest'
import { setUpTracker } from './setup.ts'

interface Options {
  allow?: string[]
  count?: number
  mode?: 'one' | 'two'
  secret?: string
  client?: object
}

const schema: OptionsSchema<Options> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    allow: { type: 'array', items: { type: 'string', minLength: 6 } },
    count: { type: 'integer', minimum: 1, default: 5 },
    mode: { enum: ['one', 'two'], default: 'one' },
    secret: { type: 'string', minLength: 16, writeOnly: true },
    client: {},
  },
}

function parse(options: unknown): Options {
  return parseOptions('@chihaya/example', schema, options as Options)
}

describe('options', () => {
  test('get their defaults, in a copy', () => {
    const options = Object.freeze({ mode: 'two' as const })
    expect(parse(options)).toEqual({ mode: 'two', count: 5 })
    expect(options).toEqual({ mode: 'two' })
  })

  test('may hold live objects, which stay the same', () => {
    const client: { self?: object } = {}
    client.self = client
    expect(parse({ client }).client).toBe(client)
  })

  test("may be mixed with Fastify's options, and with absent ones", () => {
    const mixed = {
      prefix: '/x',
      logLevel: 'warn',
      logSerializers: {},
      exposeHeadRoutes: false,
      count: undefined,
      mode: 'two',
    }
    expect(parse(mixed)).toEqual({ mode: 'two', count: 5 })
    expect(Object.keys(parse({ allow: undefined, unknown: undefined }))).toEqual(['count', 'mode'])
  })

  test.each<[options: unknown, problem: string]>([
    [{ alow: [] }, 'options has no key alow'],
    [JSON.parse('{"__proto__":{"count":1}}'), 'options has no key __proto__'],
    [{ constructor: 1 }, 'options has no key constructor'],
    [{ count: 0 }, 'options/count must be >= 1, got 0'],
    [{ count: '7' }, 'options/count must be integer, got "7"'],
    [{ count: null }, 'options/count must be integer, got null'],
    [{ count: Number.NaN }, 'options/count must be integer, got NaN'],
    [
      { allow: ['TR2940', 'AZ'] },
      'options/allow/1 must NOT have fewer than 6 characters, got "AZ"',
    ],
    [{ allow: 'TR2940' }, 'options/allow must be array, got "TR2940"'],
    [{ allow: [{}] }, 'options/allow/0 must be string, got an object'],
    [{ mode: 'three' }, 'options/mode must be one of one, two, got "three"'],
    [{ secret: 'hunter2' }, 'options/secret must NOT have fewer than 16 characters'],
    [
      { count: 0, mode: 1, x: 1 },
      'options has no key x; options/count must be >= 1, got 0; options/mode must be one of one, two, got 1',
    ],
  ])('%o are refused, with all problems named', (options, problem) => {
    expect(() => parse(options)).toThrow(
      expect.objectContaining({
        code: 'TRK_ERR_OPTIONS',
        statusCode: 500,
        message: `@chihaya/example: ${problem}`,
      }),
    )
  })

  test('of the wrong type are refused, regardless of their contents', () => {
    const circular: { self?: object } = {}
    circular.self = circular
    for (const mode of [circular, 10n, Symbol('x'), () => undefined]) {
      expect(() => parse({ mode })).toThrow(expect.objectContaining({ code: 'TRK_ERR_OPTIONS' }))
    }
  })
})

describe('the options of core', () => {
  test('have the documented defaults', () => {
    expect(parseOptions('@chihaya/core', optionsSchema, {})).toEqual({
      announceInterval: '30m',
      minAnnounceInterval: '15m',
      seedersReceive: 'leechers',
      returnSelfWhenAlone: true,
      rejectPrivatePeers: false,
      withholdPrivatePeers: true,
      postHookTimeout: '5s',
    })
  })

  test.each<[options: unknown, problem: string]>([
    [
      { announceInterval: 'soon' },
      'options/announceInterval must be written like 30m, 1h30m, 500ms, got "soon"',
    ],
    [{ announceInterval: -1 }, 'options/announceInterval must be >= 0, got -1'],
    [{ postHookTimeout: true }, 'options/postHookTimeout must be string,number, got true'],
    [{ seedersReceive: 'none' }, 'options/seedersReceive must be one of leechers, all, got "none"'],
    [{ returnSelfWhenAlone: 'yes' }, 'options/returnSelfWhenAlone must be boolean, got "yes"'],
    [{ announce_interval: '30m' }, 'options has no key announce_interval'],
  ])('%o are refused', (options, problem) => {
    expect(() => setUpTracker(options as CoreOptions)).toThrow(`@chihaya/core: ${problem}`)
  })
})

import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeError, describeRequest } from '../src/log/serializers.ts'
import { formatJson, prettyFormat } from '../src/log/format.ts'

const pretty = prettyFormat({ colorize: false })
// oxlint-disable-next-line no-control-regex -- controls are the subject
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/
const anyText = string({ unit: 'binary', maxLength: 16_384 })

function line(values: object): string {
  return `${JSON.stringify({ level: 30, time: '2026-01-01T00:00:00.000Z', ...values })}\n`
}

describe('a line of the log', () => {
  it('is one line without controls, for any values', () => {
    assert(
      property(anyText, anyText, (text, other) => {
        const written = line({ msg: `agent ${text}`, key: other, deep: [{ [text]: other }] })
        const json = formatJson(written)
        expect(json).not.toMatch(UNPRINTABLE)
        expect(JSON.parse(json)).toEqual(JSON.parse(written))
        const people = pretty(written)
        expect(people).not.toMatch(UNPRINTABLE)
        expect(people.indexOf('\n')).toBe(people.length - 1)
      }),
    )
  })

  it('shows controls by their number', () => {
    expect(pretty(line({ msg: 'a\nINFO: forged\u001b[31m\u009b' }))).toContain(
      'a\\u000aINFO: forged\\u001b[31m\\u009b',
    )
  })

  it('indents the lines of a stack', () => {
    const error = new Error('first\n[2026] INFO: forged\u001b[2J')
    const [, ...rest] = pretty(line({ msg: 'failed', err: describeError(error) }))
      .trimEnd()
      .split('\n')
    expect(rest.join('\n')).toMatch(/log-text\.test\.ts/)
    for (const each of rest) expect(each).toMatch(/^ {4}/)
    expect(rest.join('')).not.toContain('\u001b')
  })
})

describe('an error in the log', () => {
  it('has its standard properties and its causes, without properties that libraries add', () => {
    const cause = Object.assign(new Error('WRONGPASS'), {
      code: 'X',
      command: { name: 'auth', args: ['hush'] },
      input: 'hush',
    })
    const error = new AggregateError([cause], 'all failed', { cause })
    const described = describeError(error)
    expect(described).toMatchObject({
      type: 'AggregateError',
      message: 'all failed',
      cause: { message: 'WRONGPASS', code: 'X' },
    })
    expect(JSON.stringify(described)).not.toContain('hush')
    expect(JSON.stringify(described)).toContain('log-text.test.ts')
  })

  it('may have circular causes, and need not be an Error', () => {
    const error = new Error('round')
    error.cause = error
    expect(JSON.stringify(describeError(error)).match(/"message":"round"/g)).toHaveLength(6)
    expect([describeError('text'), describeError(undefined), describeError({ secret: 1 })]).toEqual(
      ['text', 'undefined', 'object'],
    )
  })
})

it('the log names a request by its route, never by its path', () => {
  const request = {
    method: 'GET',
    url: '/hush/announce?hush',
    ip: '192.0.2.1',
    routeOptions: { url: '/:passkey/announce' },
  }
  expect(describeRequest(request)).toEqual({
    method: 'GET',
    route: '/:passkey/announce',
    remoteAddress: '192.0.2.1',
  })
})

import {
  durationSchema,
  parseDuration,
  parseOptions,
  type Duration,
  type OptionsSchema,
} from '@chihaya/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const schema: OptionsSchema<{ timeout?: Duration }> = {
  type: 'object',
  additionalProperties: false,
  properties: { timeout: durationSchema('How long.', '5s') },
}

function accepted(timeout: Duration): boolean {
  try {
    return parseOptions('test', schema, { timeout }).timeout === timeout
  } catch {
    return false
  }
}

describe('a duration', () => {
  test.each<[Duration, number]>([
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1h2m3s4ms', 3_723_004],
    ['1m1h', 3_660_000],
    ['1s1s', 2000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1000],
    ['0.25m', 15_000],
    ['100us', 0.1],
    ['100\u00b5s', 0.1],
    ['100\u03bcs', 0.1],
    ['1000000ns', 1],
    ['0', 0],
    ['0s', 0],
    ['007m', 420_000],
    ['100000h', 360_000_000_000],
    [0, 0],
    [1500, 1500],
    [0.5, 0.5],
  ])('of %j is %d ms', (duration, milliseconds) => {
    expect(parseDuration(duration)).toBeCloseTo(milliseconds, 9)
    expect(accepted(duration)).toBe(true)
  })

  const malformed = [
    'soon 30 30M 1d 1w 1y m .s . s30 30mm 1h30 1e3s -1h +1h 1h-1m 0x1s 1,5s 1..5s NaN Infinity \u0661s null'.split(
      ' ',
    ),
    ['', ' ', '30 m', ' 30m', '30m ', '30m\n'],
    [-1, -0.5, Number.NaN, Number.POSITIVE_INFINITY],
  ].flat()
  test.each(malformed)('is not %j', (duration) => {
    expect(() => parseDuration(duration)).toThrow(RangeError)
    expect(accepted(duration)).toBe(false)
  })

  test('is not beyond all numbers', () => {
    expect(() => parseDuration(`${'9'.repeat(400)}h`)).toThrow(
      'is not a duration: write it like 30m, 1h30m, 500ms',
    )
  })

  test('is accepted by its schema exactly when it can be read', () => {
    const units = fc.constantFrom(
      '0',
      '1',
      '23',
      '.',
      'h',
      'm',
      's',
      'ms',
      'us',
      '\u00b5s',
      'ns',
      '-',
      ' ',
    )
    fc.assert(
      fc.property(fc.string({ unit: units, maxLength: 12 }), (text) => {
        let milliseconds: number | undefined
        try {
          milliseconds = parseDuration(text)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
        expect(accepted(text)).toBe(milliseconds !== undefined)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['1', '1s', '1.', '.', 's', '1h1'])(
    'is read or refused when it is 16 KiB of %j',
    (unit) => {
      const text = unit.repeat(16_384 / unit.length)
      try {
        expect(parseDuration(text)).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    },
  )
})

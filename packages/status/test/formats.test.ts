import { runInNewContext } from 'node:vm'
import { array, assert, constant, date, double, nat, oneof, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { figureAt, FORMATS, sparklinePath, type Format } from '../src/page/formats.ts'

const names = Object.keys(FORMATS) as Format[]

test.each<[format: Format, value: unknown, text: string]>([
  ['count', 1234567, '1,234,567'],
  ['rate', 0, '0'],
  ['rate', 0.04, '0.0'],
  ['rate', 99.94, '99.9'],
  ['rate', 12345.6, '12,346'],
  ['bytes', 0, '0.0 MiB'],
  ['bytes', 150.26 * 2 ** 20, '150.3 MiB'],
  ['bytes', 2.5 * 2 ** 30, '2.50 GiB'],
  ['duration', 59.9, '59 s'],
  ['duration', 60, '1 min 0 s'],
  ['duration', 3 * 3600 + 5 * 60 + 1, '3 h 5 min'],
  ['duration', 90_000, '1 d 1 h'],
  ['clock', '2026-01-02T03:04:05.678Z', '03:04:05 UTC'],
  ['text', 'ready', 'ready'],
])('%s of %j is %s', (format, value, text) => {
  expect(FORMATS[format](value)).toBe(text)
})

test('anything but a figure is unavailable', () => {
  for (const name of names)
    for (const value of [null, undefined, {}]) expect(FORMATS[name](value)).toBe('unavailable')
  expect(figureAt({ store: { seeders: null } }, 'store.seeders.ipv4')).toBeUndefined()
  expect(figureAt({ store: { seeders: { ipv4: 3 } } }, 'store.seeders.ipv4')).toBe(3)
})

describe('the browser', () => {
  /** The function as the browser has it: its text, and nothing around it. */
  const inBrowser = <T>(run: T): T => runInNewContext(`(${String(run)})`, {}) as T

  test('formats as the server does', () => {
    const values = oneof(
      double({ min: 0, max: 1e15, noNaN: true }),
      nat(),
      constant(null),
      date({ noInvalidDate: true }).map((moment) => moment.toISOString()),
    )
    for (const name of names) {
      const format = inBrowser(FORMATS[name])
      assert(
        property(values, (value) => {
          expect(format(value)).toBe(FORMATS[name](value))
        }),
      )
    }
  })

  test('finds figures and draws lines as the server does', () => {
    const find = inBrowser(figureAt)
    expect(find({ a: { b: [5] } }, 'a.b.0')).toBe(5)
    const draw = inBrowser(sparklinePath)
    const history = array(double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 60 })
    assert(
      property(history, (rates) => {
        const path = draw(rates)
        expect(path).toBe(sparklinePath(rates))
        const [heights, lefts] = [/ ([\d.]+)/g, /[ML]([\d.]+) /g].map((place) =>
          [...path.matchAll(place)].map(([, digits]) => Number(digits)),
        )
        expect(lefts?.every((x, index) => x >= (lefts[index - 1] ?? 0) && x <= 100)).toBe(true)
        expect(heights?.every((y) => y >= 1 && y <= 31)).toBe(true)
      }),
    )
  })
})

import { eventFromName, eventFromNumber, eventToNumber } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'

describe('events', () => {
  test.each([
    ['', 'none'],
    ['none', 'none'],
    ['empty', 'none'],
    ['update', 'none'],
    ['started', 'started'],
    ['STARTED', 'started'],
    ['Stopped', 'stopped'],
    ['completed', 'completed'],
    ['pAuSeD', 'paused'],
  ])('are read from the name %j', (name, event) => {
    expect(eventFromName(name)).toBe(event)
  })

  test.each([
    'foo',
    'start',
    'started ',
    ' started',
    'started\0',
    '0',
    '2',
    '__proto__',
    'constructor',
    'ſtarted',
  ])('are not read from the name %j', (name) => {
    expect(eventFromName(name)).toBeUndefined()
  })

  test('have the numbers of BEP 15, and 4 for a partial seed', () => {
    expect([0, 1, 2, 3, 4].map(eventFromNumber)).toEqual([
      'none',
      'completed',
      'started',
      'stopped',
      'paused',
    ])
    expect(
      (['none', 'completed', 'started', 'stopped', 'paused'] as const).map(eventToNumber),
    ).toEqual([0, 1, 2, 3, 4])
  })

  test.each([5, 256, 0xff_ff_ff_ff, -1, 1.5, Number.NaN])(
    'are not read from the number %d',
    (number) => {
      expect(eventFromNumber(number)).toBeUndefined()
    },
  )
})

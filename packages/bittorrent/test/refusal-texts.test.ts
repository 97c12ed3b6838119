import { describe, expect, test } from 'vitest'
import { ClientError, RefusalTexts, refusalTexts } from '../src/index.ts'

describe('the texts of refusals', () => {
  test('have a number each from the moment a refusal is built', () => {
    expect(refusalTexts.numberOf('a text of a stranger')).toBe(0)
    const { message } = new ClientError('a text of a stranger')
    const number = refusalTexts.numberOf(message)
    expect(number).toBeGreaterThan(0)
    expect(refusalTexts.list()[number]).toBe('a text of a stranger')
    const again = new ClientError('a text of a stranger', { retryIn: 'never' })
    expect(refusalTexts.numberOf(again.message)).toBe(number)
  })

  test('include those of the protocol', () => {
    for (const text of ['invalid IP', 'invalid port', 'internal server error'])
      expect(refusalTexts.list()).toContain(text)
  })

  test('are limited in number, so that texts built from requests take no more memory', () => {
    const texts = new RefusalTexts(4)
    for (let request = 0; request < 1000; request++) texts.add(`request ${request} refused`)
    expect(texts.list()).toEqual([
      'other',
      'request 0 refused',
      'request 1 refused',
      'request 2 refused',
    ])
    expect(texts.numberOf('request 2 refused')).toBe(3)
    expect(texts.numberOf('request 3 refused')).toBe(0)
  })

  test.each(['', 'other', 'x'.repeat(101), 'two\nlines', 'caf\u00e9', '\u0000'])(
    'do not include %j',
    (text) => {
      const texts = new RefusalTexts()
      texts.add(text)
      expect(texts.list()).toEqual(['other'])
      expect(texts.numberOf(text)).toBe(0)
    },
  )
})

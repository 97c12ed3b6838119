import { ClientError, isClientError } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'

describe('a client error', () => {
  test('carries its text and when to try again', () => {
    expect(new ClientError('unapproved client')).toMatchObject({
      name: 'ClientError',
      message: 'unapproved client',
      retryIn: undefined,
    })
    expect(new ClientError('gone', { retryIn: 'never' }).retryIn).toBe('never')
    expect(new ClientError('busy', { retryIn: 5 }).retryIn).toBe(5)
  })

  test('has no stack, and does not affect the stacks of other errors', () => {
    const limit = Error.stackTraceLimit
    expect(new ClientError('no').stack).not.toContain('\n')
    expect(Error.stackTraceLimit).toBe(limit)
    expect(new Error('fault').stack).toContain('\n')
  })

  test('is recognized by its brand, across copies of the package', () => {
    class Subclass extends ClientError {}
    const ofAnotherCopy = Object.assign(new Error('x'), {
      [Symbol.for('chihaya.ClientError')]: true,
    })
    expect([new ClientError('x'), new Subclass('x'), ofAnotherCopy].map(isClientError)).toEqual([
      true,
      true,
      true,
    ])
    const others = [
      new Error('x'),
      new TypeError('x'),
      { message: 'x' },
      'x',
      1,
      null,
      undefined,
      Symbol.iterator,
    ]
    expect(others.filter(isClientError)).toEqual([])
  })
})

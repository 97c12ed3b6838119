import { describe, expect, test } from 'vitest'
import { parseOptions, type OptionsSchema } from '@chihaya/core'
import {
  blacklistOf,
  hasWhitelist,
  listOptionSchemas,
  onlyList,
  refusal,
  whitelistOf,
  type ListOptions,
} from '@chihaya/core/lists'

describe('the list in effect', () => {
  test.each<[options: ListOptions, option: string]>([
    [{ whitelist: ['a'] }, 'whitelist'],
    [{ blacklist: ['a'] }, 'blacklist'],
    [{ whitelistFile: 'a' }, 'whitelist'],
    [{ blacklistFile: 'a' }, 'blacklist'],
    [{ whitelist: ['a'], whitelistFile: 'b', blacklist: [] }, 'whitelist'],
    [{ whitelist: [], blacklist: ['a'], blacklistFile: 'b' }, 'blacklist'],
    [{ whitelist: [] }, 'whitelist'],
    [{ whitelist: [], blacklist: [] }, 'whitelist'],
    [{ blacklist: [] }, 'blacklist'],
    [{}, 'blacklist'],
  ])('of %j is the %s', (options, option) => {
    expect(onlyList('name', options).option).toBe(option)
  })

  test.each<[ListOptions]>([
    [{ whitelist: ['a'], blacklist: ['a'] }],
    [{ whitelist: ['a'], blacklistFile: 'b' }],
    [{ whitelistFile: 'a', blacklist: ['b'] }],
    [{ whitelistFile: 'a', blacklistFile: 'b' }],
  ])('is ambiguous with %j', (options) => {
    expect(() => onlyList('name', options)).toThrow(
      'name: options may have a whitelist or a blacklist, not both',
    )
  })

  test('takes its entries from the options and a file', () => {
    const options = { whitelist: ['a'], whitelistFile: 'b', blacklist: ['c'], blacklistFile: 'd' }
    expect(whitelistOf(options)).toEqual({ option: 'whitelist', entries: ['a'], file: 'b' })
    expect(blacklistOf(options)).toEqual({ option: 'blacklist', entries: ['c'], file: 'd' })
    expect([
      hasWhitelist({}),
      hasWhitelist({ whitelist: [] }),
      hasWhitelist({ whitelistFile: 'a' }),
    ]).toEqual([false, true, true])
  })
})

test('the refusal says when to come back, if the options do', () => {
  expect(refusal('no', {})).toMatchObject({ message: 'no', retryIn: undefined })
  expect(refusal('no', { retryIn: 'never' })).toMatchObject({ message: 'no', retryIn: 'never' })
})

describe('the schemas', () => {
  const schema: OptionsSchema<ListOptions> = {
    type: 'object',
    additionalProperties: false,
    properties: listOptionSchemas({ type: 'string', pattern: '^[a-z]$' }),
  }

  test('accept valid values', () => {
    const options = { whitelist: ['a'], blacklist: [], whitelistFile: 'b', retryIn: 5 } as const
    expect(parseOptions('name', schema, options)).toEqual(options)
    expect(parseOptions('name', schema, { retryIn: 'never' })).toEqual({ retryIn: 'never' })
  })

  test.each([
    [{ whitelist: ['A'] }, /options\/whitelist\/0 must match/],
    [{ blacklist: 'a' }, /options\/blacklist must be array/],
    [{ blacklistFile: '' }, /options\/blacklistFile must NOT have fewer than 1 characters/],
    [{ retryIn: 0 }, /options\/retryIn must be >= 1/],
    [{ retryIn: 'soon' }, /options\/retryIn must be one of never, got "soon"/],
  ])('refuse %j', (options, message) => {
    expect(() => parseOptions('name', schema, options as ListOptions)).toThrow(message)
  })
})

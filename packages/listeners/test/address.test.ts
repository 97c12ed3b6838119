import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatGoAddress, parseGoAddress } from '../src/address.ts'

describe('an address in the notation of Go', () => {
  it.each([
    [':6969', { host: '', port: 6969 }],
    ['0.0.0.0:6969', { host: '', port: 6969 }],
    ['[::]:6969', { host: '', port: 6969 }],
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['[fe80::1%eth0]:80', { host: 'fe80::1%eth0', port: 80 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['tracker.example.org:65535', { host: 'tracker.example.org', port: 65_535 }],
  ])('%s', (text, address) => {
    expect(parseGoAddress(text)).toEqual(address)
  })

  it.each([
    '',
    ':',
    '6969',
    'localhost',
    ':65536',
    ':-1',
    '::1:80',
    '::',
    '[::1]',
    '[127.0.0.1]:80',
    '[]:80',
    '1.2.3:80',
    '256.1.1.1:80',
    ':http',
    ' :80',
    'a b:80',
    'http://a:80',
  ])('is not %j', (text) => {
    expect(parseGoAddress(text)).toBeUndefined()
  })

  it('survives writing and reading', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())
    fc.assert(
      fc.property(host, fc.nat(65_535), (name, port) => {
        const address = parseGoAddress(formatGoAddress({ host: name, port }))
        expect(address?.port).toBe(port)
        expect([name, '']).toContain(address?.host)
      }),
    )
  })

  it('survives arbitrary text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 16_384 }), (text) => {
        const address = parseGoAddress(text)
        return (
          address === undefined ||
          (address.port <= 65_535 && text.endsWith(`:${text.split(':').at(-1)}`))
        )
      }),
    )
  })
})

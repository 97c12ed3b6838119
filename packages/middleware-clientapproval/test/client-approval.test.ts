import { EntryList } from '@chihaya/core/lists'
import { describe, expect, test } from 'vitest'
import { ClientApproval, clientList, type ClientList } from '../src/client-approval.ts'

function list(...entries: string[]): ClientList {
  const clients = clientList.create(0)
  for (const entry of entries)
    clientList.add(clients, Buffer.from(entry, 'latin1'), 0, entry.length)
  return clients
}

function approval(
  kind: 'whitelist' | 'blacklist',
  inOptions: string[],
  inFile: string[] = [],
): ClientApproval {
  return new ClientApproval(
    new EntryList(list(...inOptions), list(...inFile)),
    kind === 'whitelist',
  )
}

describe('a client', () => {
  // The cases of Chihaya.
  test.each([
    ['whitelist', '010203', '01020304050607080900', true],
    ['whitelist', '010203', '10203040506070809000', false],
    ['blacklist', '010203', '00000000001234567890', true],
    ['blacklist', '123456', '12345678900000000000', false],
  ] as const)('by a %s of %s: %s is approved %s', (kind, entry, peerId, approved) => {
    expect(approval(kind, [entry]).has(peerId)).toBe(approved)
    expect(approval(kind, [], [entry]).has(peerId)).toBe(approved)
  })

  test('is named by its client id as well', () => {
    const clients = approval('whitelist', ['-TR*', 'qB >= 4.4'])
    expect(['TR2940', 'qB4500', 'qB4300'].map((id) => clients.has(id))).toEqual([true, true, false])
    for (const text of ['', 'TR29', '-TR2940-']) {
      expect(() => clients.has(text)).toThrow(
        new RangeError(`${JSON.stringify(text)} is neither a peer id nor a client id`),
      )
    }
  })

  test.each(['whitelist', 'blacklist'] as const)(
    'is approved or refused by the latest edit that matches it, by a %s too',
    (kind) => {
      const clients = approval(kind, ['TR2940'])
      clients.deny('TR*')
      expect(clients.has('TR2940')).toBe(false)
      clients.allow('TR2940')
      expect([clients.has('TR2940'), clients.has('TR3000')]).toEqual([true, false])
      clients.deny('TR*')
      expect(clients.has('TR2940')).toBe(false)
      clients.allow('TR >= 3')
      expect([clients.has('TR2940'), clients.has('TR3000')]).toEqual([false, true])
      clients.allow('TR*')
      expect(clients.has('TR2940')).toBe(true)
      expect(clients.has('qB4500')).toBe(kind === 'blacklist')
    },
  )

  test('refuses to allow or deny an invalid entry', () => {
    const clients = approval('whitelist', [])
    expect(() => clients.allow('TR')).toThrow(RangeError)
    expect(() => clients.deny('TR >= 2.94')).toThrow(RangeError)
  })
})

test('a list counts its entries', () => {
  expect(list('TR2940', 'TR2940', 'qB*', 'qB >= 4').size).toBe(3)
})

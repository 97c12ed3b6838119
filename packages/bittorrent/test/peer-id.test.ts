import { clientId, peerIdFrom, readPeerId, type PeerId } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'

describe('a peer id', () => {
  test('is any 20 bytes', () => {
    expect(peerIdFrom('-TS0001-abcdefghijkl')).toBe('-TS0001-abcdefghijkl')
    expect(peerIdFrom('\0\xff'.repeat(10))).toBe('\0\xff'.repeat(10))
  })

  test.each(['', 'x'.repeat(19), 'x'.repeat(21), '\u0100'.repeat(20)])('is not %j', (text) => {
    expect(peerIdFrom(text)).toBeUndefined()
  })

  test('is read from a packet', () => {
    expect(readPeerId(Buffer.from('head-TS0001-abcdefghijkltail'), 4)).toBe('-TS0001-abcdefghijkl')
  })
})

describe('a client id', () => {
  // The styles that clients have used (BEP 20 and older customs), one row or more for each.
  test.each([
    ['Azureus, Transmission', '-TR2940-k8hj0wgej6ch', 'TR2940'],
    ['Azureus, qBittorrent', '-qB4520-OU)UOaL(lsdt', 'qB4520'],
    ['Azureus, libtorrent', '-LT20B0-sdtOU)UOaL(l', 'LT20B0'],
    ['Azureus, a tilde in the name', '-A~0170-zzzzzzzzzzzz', 'A~0170'],
    ['Azureus, version 2300', '-UT2300-TR2940TR2940', 'UT2300'],
    ['Azureus, no second dash', '-FG0123abcdefghijklm', 'FG0123'],
    ['Azureus, dots (MLDonkey)', '-ML3.1.0-abcdefghijk', 'ML3.1.'],
    ['Azureus, letters (Bits on Wheels)', '-BOWP05-abcdefghijkl', 'BOWP05'],
    ['Shadow (ABC)', 'A310--001v5Gysr4NxNK', 'A310--'],
    ['Shadow (BitTornado)', 'T03I-----6tYXuBcmZoq', 'T03I--'],
    ['Shadow (Shad0w)', 'S587-----aaaaaaaaaaa', 'S587--'],
    ['Mainline', 'M7-9-1--zzzzzzzzzzzz', 'M7-9-1'],
    ['Mainline, two digits', 'M4-20-8-aaaaaaaaaaaa', 'M4-20-'],
    ['BitComet', 'exbc\x00\x38aaaaaaaaaaaaaa', 'exbc\x00\x38'],
    ['BitComet, other', 'FUTB\x01\x02aaaaaaaaaaaaaa', 'FUTB\x01\x02'],
    ['BitTyrant', 'AZ2500BTaaaaaaaaaaaa', 'AZ2500'],
    ['XBT', 'XBT083d-aaaaaaaaaaaa', 'XBT083'],
    ['Opera', 'OP7685aaaaaaaaaaaaaa', 'OP7685'],
    ['Queen Bee', 'Q1-23-4-aaaaaaaaaaaa', 'Q1-23-'],
    ['TorreTopia', '346-----aaaaaaaaaaaa', '346---'],
    ['QVOD', 'QVOD0062aaaaaaaaaaaa', 'QVOD00'],
    ['all dashes', '-'.repeat(20), '------'],
    [
      'binary',
      '\x00\xff\x00\xff\x00\xff\x00\xff\x00\xff\x00\xff\x00\xff\x00\xff\x00\xff\x00\xff',
      '\x00\xff\x00\xff\x00\xff',
    ],
  ])('names the client: %s', (_style, peerId, id) => {
    expect(peerIdFrom(peerId)).toBe(peerId)
    expect(clientId(peerId as PeerId)).toBe(id)
  })
})

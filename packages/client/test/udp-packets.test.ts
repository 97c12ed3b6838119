import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  InvalidAnswerError,
  readAnnounce,
  readConnect,
  readError,
  readScrape,
  readTransactionId,
  TrackerFailure,
  writeAnnounce,
  writeConnect,
  writeScrape,
} from '../src/index.ts'
import { ANNOUNCE, endpointText } from './announce.ts'

const HASH_HEX = Buffer.from(ANNOUNCE.infoHash, 'latin1').toString('hex')
const PEER_ID_HEX = Buffer.from(ANNOUNCE.peerId, 'latin1').toString('hex')
const ID = 0x6b016bee447b71d0n

test('requests have the bytes of BEP 15 and BEP 41', () => {
  expect(writeConnect(0x11223344).toString('hex')).toBe('00000417271019800000000011223344')
  const announce = {
    ...ANNOUNCE,
    downloaded: 1n,
    uploaded: 2n,
    event: 'started',
    key: 0xcafe,
    numWant: 7,
  } as const
  expect(writeAnnounce(ID, 9, announce, '/a?b').toString('hex')).toBe(
    `6b016bee447b71d00000000100000009${HASH_HEX}${PEER_ID_HEX}` +
      '000000000000000180000000000000000000000000000002' +
      '00000002000000000000cafe000000071ae102042f613f62',
  )
  expect(writeScrape(ID, 9, [ANNOUNCE.infoHash]).toString('hex')).toBe(
    `6b016bee447b71d00000000200000009${HASH_HEX}`,
  )
})

test('a URL longer than 255 bytes takes several options', () => {
  const options = writeAnnounce(ID, 9, ANNOUNCE, 'x'.repeat(300)).subarray(98)
  expect([options.length, options[1], options[258]]).toEqual([304, 255, 45])
})

test('responses are read', () => {
  expect(readConnect(Buffer.from('00000000112233446b016bee447b71d0', 'hex'))).toBe(ID)
  const announce = Buffer.from('0000000111223344000007080000000200000003c00002071ae1', 'hex')
  const { peers, ...counters } = readAnnounce(announce, 'ipv4')
  expect(counters).toEqual({ interval: 1800, incomplete: 2, complete: 3, remarks: [] })
  expect(peers.map(endpointText)).toEqual(['192.0.2.7 6881'])
  expect(() => readAnnounce(announce, 'ipv6')).toThrow(
    new InvalidAnswerError('the list of peers is truncated: 6 bytes of ipv6 peers'),
  )
  expect(readScrape(Buffer.from('0000000211223344000000010000000200000003', 'hex'), 1)).toEqual([
    { complete: 1, downloaded: 2, incomplete: 3 },
  ])
})

test('an error response is a failure with its text', () => {
  const error = Buffer.concat([Buffer.of(0, 0, 0, 3, 0, 0, 0, 9), Buffer.from('bad connection ID')])
  expect(() => readConnect(error)).toThrow(new TrackerFailure('bad connection ID'))
  expect(readTransactionId(error)).toBe(9)
  expect(readError(error)).toBe('bad connection ID')
})

test('a response of another kind, or cut short, is invalid', () => {
  const connect = Buffer.from('00000000112233446b016bee447b71d0', 'hex')
  expect(() => readConnect(connect.subarray(0, 15))).toThrow(InvalidAnswerError)
  expect(() => readScrape(connect, 0)).toThrow(InvalidAnswerError)
  expect(readTransactionId(connect.subarray(0, 7))).toBeUndefined()
  expect(readError(connect)).toBeUndefined()
})

test('no bytes make a reader throw anything but a failure or an invalid answer', () => {
  const readers = [
    (bytes: Buffer) => readConnect(bytes),
    (bytes: Buffer) => readAnnounce(bytes, 'ipv4'),
    (bytes: Buffer) => readAnnounce(bytes, 'ipv6'),
    (bytes: Buffer) => readScrape(bytes, 2),
    (bytes: Buffer) => readError(bytes),
    (bytes: Buffer) => readTransactionId(bytes),
  ]
  const start = fc.constantFrom('', '\0\0\0\0', '\0\0\0\x01', '\0\0\0\x02', '\0\0\0\x03')
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 2048, size: 'max' }), (action, rest) => {
      const bytes = Buffer.concat([Buffer.from(action, 'latin1'), rest])
      for (const read of readers) {
        try {
          read(bytes)
        } catch (error) {
          expect(error instanceof InvalidAnswerError || error instanceof TrackerFailure).toBe(true)
        }
      }
    }),
  )
})

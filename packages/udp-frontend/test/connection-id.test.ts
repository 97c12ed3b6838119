import { address } from '@chihaya/core/testing'
import { describe, expect, test } from 'vitest'
import {
  connectionSecret,
  ConnectionIds,
  type ConnectionIdOptions,
} from '../src/protection/connection-id.ts'
import { announce, connect, errorText, viewOf } from './datagrams.ts'
import { IPV4, TrackerUnderTest } from './tracker-under-test.ts'

const NOW = 1_795_255_278
const CLIENT = address('192.0.2.9')

function ids(changes: Partial<ConnectionIdOptions> = {}, now = NOW): ConnectionIds {
  return new ConnectionIds(
    { secrets: [Buffer.alloc(16, 7)], lifetime: 600, skew: 10, ...changes },
    now,
  )
}

function issue(from: ConnectionIds, client = CLIENT, now = NOW): Buffer {
  const id = Buffer.alloc(8)
  from.write(client, now, viewOf(id), 0)
  return id
}

describe('a connection id', () => {
  test('begins with its time, and is constant for an address and a second', () => {
    expect(issue(ids()).readUInt32BE()).toBe(NOW)
    expect(issue(ids())).toEqual(issue(ids()))
    expect(issue(ids(), CLIENT, NOW + 1).subarray(4)).not.toEqual(issue(ids()).subarray(4))
  })

  test('is accepted from its own address only', () => {
    const id = issue(ids(), address('127.0.0.1'))
    expect(ids().verify(viewOf(id), 0, address('127.0.0.1'), NOW)).toBe(true)
    expect(ids().verify(viewOf(id), 0, address('127.0.0.9'), NOW)).toBe(false)
    const id6 = issue(ids(), address('2001:db8::1'))
    expect(ids().verify(viewOf(id6), 0, address('2001:db8::1'), NOW)).toBe(true)
    expect(ids().verify(viewOf(id6), 0, address('2001:db8::2'), NOW)).toBe(false)
    expect(ids().verify(viewOf(id6), 0, address('32.1.13.184'), NOW)).toBe(false)
  })

  test('is accepted for its lifetime, and up to the skew before its time', () => {
    const id = issue(ids())
    const accepted = [-11, -10, 0, 599, 600, 601, 100_000].map((age) =>
      ids().verify(viewOf(id), 0, CLIENT, NOW + age),
    )
    expect(accepted).toEqual([false, true, true, true, true, false, false])
  })

  test('is refused with any bit changed', () => {
    for (const client of [CLIENT, address('2001:db8::9')]) {
      const id = issue(ids(), client)
      for (let bit = 0; bit < 64; bit++) {
        const forged = Buffer.from(id)
        forged.writeUInt8(forged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        expect(ids().verify(viewOf(forged), 0, client, NOW)).toBe(false)
      }
    }
  })

  test('is refused by a tracker with another secret', () => {
    expect(
      ids({ secrets: [Buffer.alloc(16, 8)] }).verify(viewOf(issue(ids())), 0, CLIENT, NOW),
    ).toBe(false)
  })

  test('is read and written at the given position', () => {
    const bytes = Buffer.alloc(20)
    ids().write(CLIENT, NOW, viewOf(bytes), 5)
    expect(ids().verify(viewOf(bytes), 5, CLIENT, NOW)).toBe(true)
    expect([bytes.readUInt32BE(0), bytes[4], bytes.readUInt32BE(13)]).toEqual([0, 0, 0])
  })

  test('is never zero and never the protocol id, at any time', () => {
    for (const now of [0, 0x417, 2 ** 32, 2 ** 32 + 0x417]) {
      const id = issue(ids(), CLIENT, now)
      expect(id.readUInt32BE()).toBe(((now - 1) % 2 ** 32) >>> 0)
      expect(ids({ skew: 0 }).verify(viewOf(id), 0, CLIENT, now)).toBe(true)
    }
  })

  test('survives the overflow of its time in 2106', () => {
    const id = issue(ids(), CLIENT, 2 ** 32 - 5)
    expect(ids().verify(viewOf(id), 0, CLIENT, 2 ** 32 + 5)).toBe(true)
    expect(ids().verify(viewOf(id), 0, CLIENT, 2 ** 32 + 600)).toBe(false)
  })
})

describe('the secret', () => {
  test('has 128 bits, derived from a key of any length', () => {
    const secrets = ['a', 'b', 'x'.repeat(1000), 'ключ'].map((key) =>
      Buffer.from(connectionSecret(key)).toString('hex'),
    )
    expect(new Set(secrets).size).toBe(4)
    expect(secrets.every((secret) => secret.length === 32)).toBe(true)
    expect(connectionSecret('a')).toEqual(connectionSecret('a'))
  })

  test('is random without a key', () => {
    expect(connectionSecret(undefined)).toHaveLength(16)
    expect(connectionSecret(undefined)).not.toEqual(connectionSecret(undefined))
    expect(connectionSecret('')).not.toEqual(connectionSecret(''))
  })
})

describe('connecting', () => {
  test('never yields zero in 100,000 connects', async () => {
    const tracker = new TrackerUnderTest()
    for (let round = 0; round < 100_000; round++) {
      tracker.now += 7
      const reply = (await tracker.send(connect(round), {
        address: `10.${round & 127}.0.${(round >> 7) & 127}`,
        port: 1,
      })) as Buffer
      if (reply.readUInt32BE(8) === 0 || reply.readUInt32BE(4) !== round)
        expect.unreachable(`connect ${round}`)
    }
    expect(await tracker.connect()).toHaveLength(8)
  })

  test('gives an id that is valid from another port, but not from another address', async () => {
    const tracker = new TrackerUnderTest()
    const id = await tracker.connect()
    expect(errorText(await tracker.send(announce(id), { ...IPV4, port: 1234 }))).toBe('(action 1)')
    expect(errorText(await tracker.send(announce(id), { ...IPV4, address: '192.0.2.10' }))).toBe(
      'bad connection ID',
    )
  })

  test('gives an id that is valid for the lifetime in the options', async () => {
    const tracker = new TrackerUnderTest({ options: { connectionIdLifetime: '2m' } })
    const id = await tracker.connect()
    tracker.now += 120_000
    expect(errorText(await tracker.send(announce(id)))).toBe('(action 1)')
    tracker.now += 1000
    expect(errorText(await tracker.send(announce(id)))).toBe('bad connection ID')
  })

  test('gives an id that every tracker with the same key accepts, within the skew', async () => {
    const options = { privateKey: 'shared', maxClockSkew: '10s' }
    const [one, other] = [new TrackerUnderTest({ options }), new TrackerUnderTest({ options })]
    one.now += 10_000
    expect(errorText(await other.send(announce(await one.connect())))).toBe('(action 1)')
    one.now += 1000
    expect(errorText(await other.send(announce(await one.connect())))).toBe('bad connection ID')
    const stranger = new TrackerUnderTest({ options: { privateKey: 'shared ' } })
    expect(errorText(await stranger.send(announce(await other.connect())))).toBe(
      'bad connection ID',
    )
  })
})

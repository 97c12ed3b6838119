import { address } from '@chihaya/core/testing'
import { parseOptions } from '@chihaya/core'
import { describe, expect, test } from 'vitest'
import { viewOf } from './datagrams.ts'
import { connectionIds, type ConnectionIds } from '../src/protection/connection-id.ts'
import { optionsSchema, type UdpFrontendOptions } from '../src/options.ts'

const NOW = 1_795_255_278
const CLIENT = address('192.0.2.9')

function ids(options: UdpFrontendOptions = {}, now = NOW): ConnectionIds {
  return connectionIds(parseOptions('@chihaya/udp-frontend', optionsSchema, options), now)
}

function issue(from: ConnectionIds, now = NOW): Buffer {
  const id = Buffer.alloc(8)
  from.write(CLIENT, now, viewOf(id), 0)
  return id
}

function isGood(at: ConnectionIds, id: Buffer, now = NOW): boolean {
  return at.verify(viewOf(id), 0, CLIENT, now)
}

describe('a list of keys', () => {
  test('issues with the first and accepts all', () => {
    const [old, both, young] = [
      ids({ privateKey: 'old' }),
      ids({ privateKey: ['new', 'old'] }),
      ids({ privateKey: 'new' }),
    ]
    expect(issue(both)).toEqual(issue(young))
    expect([
      isGood(both, issue(old)),
      isGood(both, issue(young)),
      isGood(old, issue(both)),
    ]).toEqual([true, true, false])
  })
})

describe('a generated secret', () => {
  test('is replaced when due, and its ids stay valid until they expire', () => {
    const rotating = ids({ keyRotation: '1h', connectionIdLifetime: '10m', maxClockSkew: '10s' })
    const before = issue(rotating, NOW + 3599)
    const after = issue(rotating, NOW + 3600)
    expect(after.subarray(4)).not.toEqual(issue(ids({ keyRotation: '1h' }), NOW + 3600).subarray(4))
    expect([
      isGood(rotating, before, NOW + 3600 + 599),
      isGood(rotating, after, NOW + 4200),
    ]).toEqual([true, true])
    expect(isGood(rotating, before, NOW + 3600 + 600)).toBe(false)
    issue(rotating, NOW + 7200)
    const forgotten = issue(rotating, NOW + 3600)
    expect(forgotten).not.toEqual(after)
    expect(isGood(rotating, after, NOW + 3600)).toBe(true)
    issue(rotating, NOW + 10_800)
    expect(isGood(rotating, after, NOW + 3600)).toBe(false)
  })

  test('is never replaced with 0, nor before its ids expire', () => {
    const never = ids({ keyRotation: 0 })
    issue(never, NOW + 1e9)
    expect(issue(never)).toEqual(issue(never))
    const slow = ids({ keyRotation: '1s', connectionIdLifetime: '10m' })
    const first = issue(slow)
    issue(slow, NOW + 599)
    expect(issue(slow)).toEqual(first)
    issue(slow, NOW + 600)
    expect(issue(slow)).not.toEqual(first)
  })

  test('is kept when another tracker takes over', () => {
    const [former, next] = [ids(), ids()]
    next.takeOver(former, NOW)
    expect(issue(next)).toEqual(issue(former))
  })
})

describe('a changed key', () => {
  test.each<[UdpFrontendOptions, UdpFrontendOptions]>([
    [{ privateKey: 'one' }, { privateKey: 'other' }],
    [{ privateKey: 'one' }, {}],
    [{}, { privateKey: 'other' }],
    [{ privateKey: ['one', 'two'] }, { privateKey: ['other'] }],
  ])('from %j to %j leaves ids valid for their lifetime', (before, after) => {
    const [former, next] = [ids(before), ids(after)]
    const id = issue(former)
    next.takeOver(former, NOW)
    expect(isGood(next, id, NOW + 600)).toBe(true)
    const late = issue(former, NOW + 700)
    expect(isGood(next, late, NOW + 700)).toBe(false)
    expect(issue(next)).not.toEqual(id)
  })

  test('twice within a lifetime leaves both previous ones valid', () => {
    const [one, two, three] = [
      ids({ privateKey: 'one' }),
      ids({ privateKey: 'two' }),
      ids({ privateKey: 'three' }),
    ]
    two.takeOver(one, NOW)
    three.takeOver(two, NOW + 300)
    expect([isGood(three, issue(one), NOW + 600), isGood(three, issue(two), NOW + 600)]).toEqual([
      true,
      true,
    ])
    const four = ids({ privateKey: 'four' })
    four.takeOver(three, NOW + 900)
    expect([
      isGood(four, issue(one, NOW + 500), NOW + 900),
      isGood(four, issue(two, NOW + 500), NOW + 900),
    ]).toEqual([false, true])
  })
})

import { ClientError } from '@chihaya/bittorrent'
import { describe, expect, test } from 'vitest'
import { RequestMeter, UNTIMED } from '../src/index.ts'

describe('a request meter', () => {
  test('counts requests of a kind, their bytes and their durations', () => {
    const meter = new RequestMeter()
    meter.count('udp', 'announce', 'ipv4', '', 98, 320, UNTIMED)
    meter.count('udp', 'announce', 'ipv4', '', 98, 20, 10)
    meter.count('udp', 'announce', 'ipv4', '', 98, 20, 1e6)
    const [count, ...others] = meter.counts()
    expect(others).toEqual([])
    expect(count).toMatchObject({
      protocol: 'udp',
      action: 'announce',
      family: 'ipv4',
      error: '',
      requests: 3,
    })
    expect(count).toMatchObject({
      receivedBytes: 294,
      sentBytes: 360,
      timed: 2,
      milliseconds: 1_000_010,
    })
    expect(count?.buckets).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  })

  test('tells protocols, actions and families apart', () => {
    const meter = new RequestMeter()
    meter.count('http', 'announce', 'ipv4', '', 1, 1, UNTIMED)
    meter.count('udp', 'connect', 'ipv4', '', 1, 1, UNTIMED)
    meter.count('udp', 'connect', 'ipv6', '', 1, 1, UNTIMED)
    expect(
      meter.counts().map(({ protocol, action, family }) => [protocol, action, family]),
    ).toEqual([
      ['http', 'announce', 'ipv4'],
      ['udp', 'connect', 'ipv4'],
      ['udp', 'connect', 'ipv6'],
    ])
  })

  test('tells refusals apart by their texts, including those built later', () => {
    const meter = new RequestMeter()
    const { message } = new ClientError('no such passkey')
    for (const error of ['invalid port', message, 'passkey 123 is unknown', 'passkey 4\n'])
      meter.count('http', 'announce', 'ipv4', error, 1, 1, UNTIMED)
    const errors = meter.counts().map(({ error, requests }) => [error, requests])
    expect(Object.fromEntries(errors)).toEqual({
      other: 2,
      'invalid port': 1,
      'no such passkey': 1,
    })
  })
})

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
      network: 'ipv4',
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

  test('counts protocols, actions and families separately', () => {
    const meter = new RequestMeter()
    meter.count('http', 'announce', 'ipv4', '', 1, 1, UNTIMED)
    meter.count('udp', 'connect', 'ipv4', '', 1, 1, UNTIMED)
    meter.count('udp', 'connect', 'ipv6', '', 1, 1, UNTIMED)
    expect(
      meter.counts().map(({ protocol, action, network }) => [protocol, action, network]),
    ).toEqual([
      ['http', 'announce', 'ipv4'],
      ['udp', 'connect', 'ipv4'],
      ['udp', 'connect', 'ipv6'],
    ])
  })

  test('counts refusals by text, including those built later', () => {
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

  test('counts an added protocol, over any network', () => {
    const meter = new RequestMeter()
    expect(() => meter.count('ws', 'announce', 'webrtc', '', 1, 1, UNTIMED)).toThrow(TypeError)
    meter.addProtocol('ws')
    meter.count('ws', 'announce', 'webrtc', '', 1, 1, UNTIMED)
    // The next application adds it again.
    meter.addProtocol('ws')
    meter.count('ws', 'announce', 'ipv6', '', 1, 1, UNTIMED)
    meter.count('http', 'announce', 'ipv6', '', 1, 1, UNTIMED)
    expect(meter.protocols).toEqual(['http', 'udp', 'ws'])
    expect(meter.counts().map(({ protocol, network }) => [protocol, network])).toEqual([
      ['http', 'ipv6'],
      ['ws', 'ipv6'],
      ['ws', 'webrtc'],
    ])
  })

  test('limits the names and the number of protocols', () => {
    const meter = new RequestMeter()
    for (const name of ['', 'WS', '1ws', 'w-s', 'ws\n', '__proto__', 'w'.repeat(33)])
      expect(() => meter.addProtocol(name)).toThrow(TypeError)
    for (let number = 0; number < 14; number++) meter.addProtocol(`ws${number}`)
    expect(() => meter.addProtocol('one_more')).toThrow('at most 16 protocols')
  })
})

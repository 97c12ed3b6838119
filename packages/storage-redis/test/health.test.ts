import { expect, test } from 'vitest'
import { faultOf, hider, TIMED_OUT, type Fault } from '../src/faults.ts'
import { Health } from '../src/health.ts'
import { Log } from './stores.ts'

const FULL: Fault = { kind: 'memory', reason: 'OOM' }

test('the log hears of the first fault, once a minute of those that follow, and of the end', () => {
  const log = new Log()
  let now = 0
  const health = new Health(log, 'there', () => now)
  for (; now < 150_000; now += 1000) health.failed(now % 2000 === 0 ? FULL : TIMED_OUT)
  expect(log.lines.map((line) => line.split(' {')[0])).toEqual([
    'error Redis at there fails',
    'error Redis at there still fails',
    'error Redis at there still fails',
  ])
  expect(health.reason).toBe('Redis at there: it did not answer in time')
  expect(health.errors).toMatchObject({ memory: 75, timeout: 75, connection: 0 })

  health.failed(FULL)
  now += 500
  health.succeeded()
  health.connected()
  expect(health.reason).toBe('Redis at there: OOM')
  now += 500
  health.succeeded()
  expect(health.reason).toBeUndefined()
  expect(log.lines.at(-1)).toBe('info Redis at there works again {"failures":151}')

  health.noticed(TIMED_OUT)
  health.connected()
  expect(health.reason).toBeUndefined()
})

test.each([
  [new Error('OOM command not allowed when used memory'), 'memory'],
  [new Error('ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed'), 'memory'],
  [new Error("READONLY You can't write against a read only replica. script: 1, on @user_script:36."), 'readonly'],
  [new Error('NOAUTH Authentication required.'), 'auth'],
  [new Error('LOADING Redis is loading the dataset in memory'), 'busy'],
  [new Error('CLUSTERDOWN The cluster is down'), 'busy'],
  [new Error('Too many Cluster redirections. Last error: Error: Connection is closed.'), 'busy'],
  [Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:1')], ''), { code: 'ECONNREFUSED' }), 'connection'],
  [Object.assign(new Error(), { code: 'EPIPE' }), 'connection'],
  [new Error('ERR unknown command'), 'other'],
  [{}, 'other'],
])('%s is of the kind %s', (error, kind) => {
  const fault = faultOf(error, (text) => text)
  expect(fault.kind).toBe(kind)
  expect(fault.reason).not.toBe('')
})

test('secrets are taken out of what servers say', () => {
  const hide = hider(['s3cret', undefined, '', null])
  const error = new Error("ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 's3cret'")
  expect(faultOf(error, hide).reason).not.toContain('s3cret')
})

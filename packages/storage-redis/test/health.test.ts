import { expect, test } from 'vitest'
import { faultOf, hider, TIMED_OUT, type Fault } from '../src/connection/faults.ts'
import { Health } from '../src/connection/health.ts'
import { Log } from './stores.ts'

const FULL: Fault = { kind: 'memory', reason: 'OOM' }
const LOST: Fault = { kind: 'connection', reason: 'it is gone' }

test('the first fault is logged, then a reminder once a minute, then the recovery', () => {
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
  health.succeeded(true)
  health.connected()
  expect(health.reason).toBe('Redis at there: OOM')
  now += 500
  health.succeeded(false)
  expect(health.reason).toBe('Redis at there: OOM')
  health.succeeded(true)
  expect(health.reason).toBeUndefined()
  expect(log.lines.at(-1)).toBe('info Redis at there works again {"failures":151}')

  health.noticed(TIMED_OUT)
  health.connected()
  expect(health.reason).toBeUndefined()
})

test('a fault of writes ends only with a write, one of reads with any answer', () => {
  const log = new Log()
  let now = 0
  const health = new Health(log, 'there', () => now)
  health.failed(TIMED_OUT, 'adds')
  now += 5000
  health.connected()
  health.succeeded(false)
  expect([health.writesFail, health.reason]).toEqual([
    true,
    'Redis at there: it did not answer in time',
  ])
  health.failed(LOST, 'adds')
  expect(health.reason).toBe('Redis at there: it is gone')
  now += 5000
  health.succeeded(false)
  expect(health.reason).toBe('Redis at there: it did not answer in time')
  health.succeeded(true)
  expect([health.writesFail, health.reason]).toEqual([false, undefined])
  health.failed(TIMED_OUT)
  now += 5000
  health.succeeded(false)
  expect(health.reason).toBeUndefined()
})

test('a fault that comes and goes is logged once a minute, another one at once', () => {
  const log = new Log()
  let now = 0
  const health = new Health(log, 'there', () => now)
  const fail = (fault: Fault): void => {
    health.failed(fault, 'adds')
    now += 1000
    health.succeeded(true)
  }
  for (let round = 0; round < 90; round++) fail(FULL)
  fail(TIMED_OUT)
  expect(log.lines.map((line) => line.replace(/,"reason.*/, ''))).toEqual([
    'error Redis at there fails {"kind":"memory"',
    'info Redis at there works again {"failures":1}',
    'error Redis at there fails {"kind":"memory"',
    'info Redis at there works again {"failures":1}',
    'error Redis at there fails {"kind":"timeout"',
    'info Redis at there works again {"failures":1}',
  ])
})

test.each([
  [new Error('OOM command not allowed when used memory'), 'memory'],
  [
    new Error('ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed'),
    'memory',
  ],
  [
    new Error(
      "READONLY You can't write against a read only replica. script: 1, on @user_script:36.",
    ),
    'readonly',
  ],
  [
    new Error(
      'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk.',
    ),
    'readonly',
  ],
  [new Error('MISCONF Errors writing to the AOF file: No space left on device'), 'readonly'],
  [
    new Error(
      'ERR Error running script (call to f_1): @user_script:36: -MISCONF Redis is configured',
    ),
    'readonly',
  ],
  [
    new Error('NOREPLICAS Not enough good replicas to write. script: 1, on @user_script:36.'),
    'readonly',
  ],
  [new Error('CLUSTERDOWN The cluster is down and only accepts read commands'), 'readonly'],
  [
    new Error(
      'ERR Script attempted to execute a write command while the cluster is down and readonly',
    ),
    'readonly',
  ],
  [new Error("NOPERM this user has no permissions to run the 'evalsha' command"), 'auth'],
  [
    new Error(
      "ERR The user executing the script can't run this command or subcommand script: 1, on @user_script:36.",
    ),
    'auth',
  ],
  [
    new Error(
      "ERR ACL failure in script: User default has no permissions to run the 'zadd' command",
    ),
    'auth',
  ],
  [
    new Error("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
    'busy',
  ],
  [new Error('NOAUTH Authentication required.'), 'auth'],
  [new Error('LOADING Redis is loading the dataset in memory'), 'busy'],
  [new Error('CLUSTERDOWN The cluster is down'), 'busy'],
  [new Error('Too many Cluster redirections. Last error: Error: Connection is closed.'), 'busy'],
  [
    Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:1')], ''), {
      code: 'ECONNREFUSED',
    }),
    'connection',
  ],
  [Object.assign(new Error(), { code: 'EPIPE' }), 'connection'],
  [new Error('ERR unknown command'), 'other'],
  [{}, 'other'],
])('%s is of the kind %s', (error, kind) => {
  const fault = faultOf(error, (text) => text)
  expect(fault.kind).toBe(kind)
  expect(fault.reason).not.toBe('')
})

test('secrets are removed from the words of servers', () => {
  const hide = hider(['s3cret', undefined, '', null])
  const error = new Error(
    "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 's3cret'",
  )
  expect(faultOf(error, hide).reason).not.toContain('s3cret')
})

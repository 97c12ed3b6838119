import { describe, expect, it } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { freePort } from './free-port.ts'
import { problemsOf, readText, warningsOf } from './read-text.ts'
import { startRedis } from './redis-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'
import { announceByUdp } from './udp-client.ts'

const PASSWORD = 'open-sesame'

const config = (...lines: readonly string[]): string => `
chihaya:
  http: { addr: "127.0.0.1:0" }
  udp: { addr: "127.0.0.1:0", private_key: "a secret of mine" }
  storage:
    name: redis
    config:
${lines.map((line) => `      ${line}\n`).join('')}`

async function chihayaWith(...lines: readonly string[]): Promise<Chihaya> {
  const folder = await temporaryFolder({ 'chihaya.yaml': config(...lines) })
  return new Chihaya(['--config', 'chihaya.yaml', '--debug'], { cwd: folder })
}

async function announce(
  chihaya: Chihaya,
  query: Record<string, string | number>,
): Promise<unknown> {
  const response = await fetch(
    `http://127.0.0.1:${await chihaya.port('HTTP')}${announcePath(query)}`,
  )
  return decode(new Uint8Array(await response.arrayBuffer()))
}

describe('the store redis in a file of Chihaya', () => {
  it('is shared by trackers, over HTTP and UDP', async () => {
    const server = await startRedis(PASSWORD)
    const broker = `redis_broker: "redis://${PASSWORD}@127.0.0.1:${server.port}/0"`
    const own = [
      'redis_read_timeout: "2s"',
      'redis_write_timeout: "2s"',
      'redis_connect_timeout: "5s"',
    ]
    const every = [
      broker,
      ...own,
      'gc_interval: "3m"',
      'peer_lifetime: "31m"',
      'prometheus_reporting_interval: "1s"',
    ]
    const one = await chihayaWith(...every)
    const two = await chihayaWith(broker, 'fallback: memory')
    expect(await announce(one, { port: 1000, left: 0 })).toMatchObject({
      complete: 1,
      incomplete: 0,
    })
    expect(await announce(two, { port: 2000 })).toMatchObject({ complete: 1, incomplete: 1 })
    // The torrent of the UDP client is another.
    expect((await announceByUdp('127.0.0.1', await one.port('UDP'), 3000)).readUInt32BE(12)).toBe(1)
    expect((await announceByUdp('127.0.0.1', await two.port('UDP'), 4000)).readUInt32BE(12)).toBe(2)
    await server.kill()
    await one.line(/Redis at 127\.0\.0\.1:\d+ fails/)
    const refusal = { 'failure reason': 'tracker is temporarily unavailable', 'retry in': 5 }
    expect(await announce(one, { port: 1000 })).toMatchObject(refusal)
    expect(await announce(two, { port: 2000 })).toMatchObject({ complete: 0, incomplete: 1 })
    for (const chihaya of [one, two]) {
      chihaya.signal('SIGTERM')
      expect(await chihaya.exitCode()).toBe(0)
      expect(chihaya.stdout + chihaya.stderr).not.toContain(PASSWORD)
    }
  })

  it('prevents a start if Redis is unreachable', async () => {
    const port = await freePort()
    const chihaya = await chihayaWith(`redis_broker: "redis://${PASSWORD}@127.0.0.1:${port}/0"`)
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr).toContain(`cannot use Redis at 127.0.0.1:${port}: connect ECONNREFUSED`)
    expect(chihaya.stdout + chihaya.stderr).not.toContain(PASSWORD)
  })

  it('sets the options of the package; 0 means the default', async () => {
    const text = config(
      'redis_broker: "redis://a/0"',
      'redis_read_timeout: 0s',
      'key_prefix: "x:"',
      'sentinel: { name: m, nodes: [a, b] }',
      'tls: yes',
    )
    expect((await readText(text)).tracker.storage).toMatchObject({
      options: {
        redisBroker: 'redis://a/0',
        keyPrefix: 'x:',
        sentinel: { name: 'm', nodes: ['a', 'b'] },
        tls: true,
      },
    })
    expect(await warningsOf(text)).toContain(
      '9:27 chihaya.storage.config.redis_read_timeout is 0, so its default applies: 15s',
    )
  })

  it.each([
    [
      'redis_brokr: x',
      'chihaya.storage.config.redis_brokr is not a known key; did you mean redis_broker?',
    ],
    [
      'redis_broker: [hush]',
      'chihaya.storage.config.redis_broker must be text such as redis://user:password@host:6379/0, not what is there',
    ],
    [
      'password: [hush]',
      'chihaya.storage.config.password must be text that is not empty, not what is there',
    ],
    ['sentinel: { nodes: [a] }', 'chihaya.storage.config.sentinel.name is missing'],
    [
      `redis_broker: "http://:${PASSWORD}@h"`,
      'chihaya.storage.config.redis_broker must be text such as redis://user:password@host:6379/0, not what is there',
    ],
    ['cluster: []', 'chihaya.storage.config.cluster must be a list that is not empty'],
    ['fallback: disk', 'chihaya.storage.config.fallback must be one of none, memory, not "disk"'],
    ['client: {}', 'chihaya.storage.config.client is not a known key'],
  ])('is refused with %s', async (line, problem) => {
    expect((await problemsOf(config(line))).join('\n')).toContain(problem)
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import { announceTo, endpoints, sampleAnnounce, samplePeerId } from '@chihaya/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, RedisServer } from './redis-server.ts'
import { storeWith } from './stores.ts'

const stopped = async (server: Promise<RedisServer>): Promise<RedisServer> => {
  const started = await server
  onTestFinished(() => started.stop())
  return started
}

test('a fail-over is followed, and swarms survive it', async () => {
  const master = await stopped(RedisServer.start('--requirepass', 'pass', '--masterauth', 'pass'))
  const following = [
    '--replicaof',
    '127.0.0.1',
    String(master.port),
    '--requirepass',
    'pass',
    '--masterauth',
    'pass',
  ]
  const replica = await stopped(RedisServer.start(...following))
  const inSync = (): Promise<string> =>
    replica.as((admin) => admin.info('replication'), { password: 'pass' })
  while (!(await inSync()).includes('master_link_status:up')) await sleep(50)
  const sentinel = await stopped(RedisServer.startSentinel(master.port))
  await sentinel.as((admin) => admin.call('SENTINEL', 'SET', 'chihaya', 'auth-pass', 'pass'))
  const knows = (): Promise<unknown> =>
    sentinel.as((admin) => admin.call('SENTINEL', 'REPLICAS', 'chihaya'))
  while (!JSON.stringify(await knows()).includes(String(replica.port))) await sleep(100)

  const store = await storeWith({
    sentinel: { name: 'chihaya', nodes: [`127.0.0.1:${sentinel.port}`] },
    password: 'pass',
  })
  onTestFinished(() => store.close())
  await announceTo(store, sampleAnnounce({ port: 1001 }))
  const copied = (): Promise<number> => replica.as((admin) => admin.dbsize(), { password: 'pass' })
  while ((await copied()) === 0) await sleep(20)

  await master.kill()
  const announce = sampleAnnounce({ port: 2000, peerId: samplePeerId(2) })
  let view
  while (view === undefined) {
    await sleep(50)
    view = await Promise.resolve()
      .then(() => announceTo(store, announce))
      .catch(() => undefined)
  }
  expect([view.incomplete, endpoints(view.peers)]).toEqual([2, ['10.0.0.1:1001']])
  while (store.health() !== undefined) await Promise.all([sleep(100), announceTo(store, announce)])
})

test('sentinels that cannot be reached are named', async () => {
  const nodes = [`127.0.0.1:${await freePort()}`, '[::1]:1']
  const store = storeWith({
    sentinel: { name: 'chihaya', nodes, username: 'u', password: 'hush-hush' },
    redisConnectTimeout: '1s',
  })
  await expect(store).rejects.toThrow(
    `cannot use Redis at the master chihaya of the sentinels ${nodes.join(', ')}: `,
  )
  await expect(store).rejects.not.toThrow('hush-hush')
})

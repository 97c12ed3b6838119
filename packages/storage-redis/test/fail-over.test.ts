import { setTimeout as sleep } from 'node:timers/promises'
import type { Announce } from '@chihaya/core'
import {
  announceTo,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  scrapeFrom,
} from '@chihaya/core/testing'
import type { RedisPeerStore, RedisStorageOptions } from '@chihaya/storage-redis'
import { expect, onTestFinished, test } from 'vitest'
import { RedisServer } from './redis-server.ts'
import { storeWith } from './stores.ts'

const SETTINGS = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']
const FIRST_PORT = 1000

async function stoppedLater(server: Promise<RedisServer>): Promise<RedisServer> {
  const started = await server
  onTestFinished(() => started.stop())
  return started
}

/** How many replicas have received all writes of a master. */
async function replicasOf(master: RedisServer): Promise<number> {
  const replication = await master.as((admin) => admin.info('replication'))
  return replication.match(/state=online/g)?.length ?? 0
}

/** A master, its replicas, and a Sentinel that watches them. */
class Deployment {
  readonly #servers: RedisServer[]
  readonly #sentinel: RedisServer

  private constructor(servers: RedisServer[], sentinel: RedisServer) {
    this.#servers = servers
    this.#sentinel = sentinel
  }

  static async start(replicas: number): Promise<Deployment> {
    const master = await stoppedLater(RedisServer.start(...SETTINGS))
    const following = ['--replicaof', '127.0.0.1', String(master.port), ...SETTINGS]
    const others = await Promise.all(
      Array.from({ length: replicas }, () => stoppedLater(RedisServer.start(...following))),
    )
    // Sentinel looks for replicas every ten seconds: all should exist at the first look.
    while ((await replicasOf(master)) < replicas) await sleep(50)
    return new Deployment(
      [master, ...others],
      await stoppedLater(RedisServer.startSentinel(master.port)),
    )
  }

  /** A tracker's store. */
  async startStore(options: RedisStorageOptions): Promise<RedisPeerStore> {
    const sentinel = { name: 'chihaya', nodes: [`127.0.0.1:${this.#sentinel.port}`] }
    const store = await storeWith({
      sentinel,
      redisReadTimeout: 500,
      redisWriteTimeout: 500,
      ...options,
    })
    onTestFinished(() => store.close())
    return store
  }

  async sentinelCall(...words: string[]): Promise<unknown> {
    return this.#sentinel.as((admin) => admin.call(...(words as [string, ...string[]])))
  }

  async master(): Promise<RedisServer> {
    const [, port] = (await this.sentinelCall(
      'SENTINEL',
      'GET-MASTER-ADDR-BY-NAME',
      'chihaya',
    )) as [string, string]
    return this.#servers.find((server) => server.port === Number(port)) as RedisServer
  }

  async untilInSync(): Promise<void> {
    while ((await replicasOf(await this.master())) < this.#servers.length - 1) await sleep(50)
  }

  async untilSwitchedFrom(former: RedisServer): Promise<void> {
    while ((await this.master()) === former) await sleep(20)
  }

  /** Promotes a replica, while the previous master is up and continues to acknowledge. */
  async planned(): Promise<void> {
    const former = await this.master()
    // Sentinel refuses until it has seen the replicas, and during a fail-over.
    while (!(await this.#failsOver())) await sleep(100)
    await this.untilSwitchedFrom(former)
  }

  /** Kills the master, and starts it as a replica of its successor. */
  async unplanned(): Promise<void> {
    const former = await this.master()
    await former.kill()
    await this.untilSwitchedFrom(former)
    await former.start('--replicaof', '127.0.0.1', String((await this.master()).port))
  }

  async #failsOver(): Promise<boolean> {
    try {
      return (await this.sentinelCall('SENTINEL', 'FAILOVER', 'chihaya')) === 'OK'
    } catch {
      return false
    }
  }

  /** The ports of the peers of a swarm that the master has. */
  async ports(keyPrefix: string): Promise<Set<number>> {
    const master = await this.master()
    const key = Buffer.from(`${keyPrefix}{s${sampleInfoHash(1)}}4`, 'latin1')
    const peers = await master.as((admin) => admin.zrangeBuffer(key, '0', '-1'))
    return new Set(peers.map((endpoint) => endpoint.readUInt16BE(4)))
  }
}

const client = (number: number): Announce =>
  sampleAnnounce({ port: FIRST_PORT + number, peerId: samplePeerId(number), numWant: 0 })

/** Two trackers with a stream of new clients, and the announces that they have acknowledged. */
class History {
  readonly acknowledged: number[] = []
  readonly stores: RedisPeerStore[]
  readonly keyPrefix: string
  readonly #deployment: Deployment
  #clients = 0
  #open = true
  #coming: Promise<unknown>

  constructor(deployment: Deployment, keyPrefix: string, stores: RedisPeerStore[]) {
    this.#deployment = deployment
    this.keyPrefix = keyPrefix
    this.stores = stores
    this.#coming = Promise.all(stores.map((store) => this.#comeTo(store)))
  }

  async end(): Promise<void> {
    this.#open = false
    await this.#coming
  }

  /** Acknowledged peers that are missing. */
  async missing(): Promise<number[]> {
    const ports = await this.#deployment.ports(this.keyPrefix)
    return this.acknowledged.filter((number) => !ports.has(FIRST_PORT + number))
  }

  async #comeTo(store: RedisPeerStore): Promise<void> {
    while (this.#open) {
      const number = this.#clients++
      try {
        await announceTo(store, client(number))
        this.acknowledged.push(number)
      } catch {
        // A refused client retries. This test is about acknowledged announces.
      }
      await sleep(10)
    }
  }
}

test('announces that two trackers have acknowledged survive two fail-overs in a row', async () => {
  const deployment = await Deployment.start(2)
  const start = async (keyPrefix: string, fallback: 'none' | 'memory'): Promise<History> => {
    const options = { keyPrefix, fallback }
    return new History(deployment, keyPrefix, [
      await deployment.startStore(options),
      await deployment.startStore(options),
    ])
  }
  const [alone, sheltered] = [await start('alone:', 'none'), await start('sheltered:', 'memory')]
  await sleep(300)
  await deployment.unplanned()
  await sleep(1500)
  await deployment.untilInSync()
  await deployment.planned()
  await sleep(2500)
  await Promise.all([alone.end(), sheltered.end()])
  expect(alone.acknowledged.length).toBeGreaterThan(100)
  expect(sheltered.acknowledged.length).toBeGreaterThan(alone.acknowledged.length)

  // With a fallback, no client has to announce again.
  while ((await sheltered.missing()).length > 0) await sleep(50)

  // Without one, peers that the previous master acknowledged are missing until they announce again.
  const [store, other] = alone.stores as [RedisPeerStore, RedisPeerStore]
  expect((await alone.missing()).length).toBeLessThan(alone.acknowledged.length)
  for (const number of await alone.missing()) await announceTo(store, client(number))
  expect(await alone.missing()).toEqual([])
  const [seen] = await scrapeFrom(other, [sampleInfoHash(1)], 'ipv4')
  expect(seen?.incomplete).toBeGreaterThanOrEqual(alone.acknowledged.length)
})

test('a tracker follows a fail-over before the previous master refuses writes as a replica', async () => {
  const deployment = await Deployment.start(1)
  const store = await deployment.startStore({})
  await announceTo(store, client(1))
  const former = await deployment.master()
  await deployment.planned()
  let number = 2
  const enter = async (announce: Announce): Promise<unknown> => announceTo(store, announce)
  const arrives = async (): Promise<boolean> => {
    await enter(client(++number)).catch(() => {})
    return (await deployment.ports('chihaya:')).has(FIRST_PORT + number)
  }
  while (!(await arrives())) await sleep(50)
  expect(await former.as((admin) => admin.role())).toContain('master')
  expect(store.metrics().errors.readonly).toBe(0)
})

import {
  infoHashFrom,
  peerIdFrom,
  type Address,
  type AddressFamily,
  type InfoHash,
  type PeerId,
} from '@chihaya/bittorrent'
import { announceTo, sampleAnnounce } from '@chihaya/core/testing'
import { parseOptions } from '@chihaya/core'
import { createStore, optionsSchema, type RedisPeerStore } from '@chihaya/storage-redis'
import { randomBytes, randomInt } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Row } from '../table.ts'
import { freePort, startRedis } from './processes.ts'

const TARGET = 80

/** Bytes by which Redis grows per peer, keys and peer ids included, in `swarms` swarms of `peers`. */
export async function memoryRow(
  family: AddressFamily,
  swarms: number,
  peers: number,
): Promise<Row> {
  const port = await freePort()
  const redis = await startRedis(port)
  const client = new Redis(port)
  const log = { error() {}, warn() {}, info() {} }
  const store = await createStore(
    parseOptions('bench', optionsSchema, { client, closeClient: true }),
    log,
  )
  await store.connect(5000, true)
  // The first announces allocate the connection's buffers and load the script.
  await fill(store, family, peers)
  await client.flushall()
  const before = await usedMemory(client)
  // One swarm at a time: the command queue is bounded.
  // oxlint-disable-next-line no-await-in-loop
  for (let swarm = 0; swarm < swarms; swarm++) await fill(store, family, peers)
  const bytes = ((await usedMemory(client)) - before) / (swarms * peers)
  await store.close()
  await redis.stop()
  return {
    what: `memory of an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} peer (${swarms.toLocaleString('en')} swarms of ${peers} peers)`,
    measured: `${bytes.toFixed(0)} bytes`,
    target: `≤ ${TARGET}`,
    met: bytes <= TARGET,
  }
}

/** Creates a swarm of peers with random addresses, a third of them seeders. */
async function fill(store: RedisPeerStore, family: AddressFamily, peers: number): Promise<void> {
  const infoHash = infoHashFrom(randomBytes(20).toString('latin1')) as InfoHash
  const announces = Array.from({ length: peers }, async (_, peer) =>
    announceTo(
      store,
      sampleAnnounce({
        infoHash,
        peerId: peerIdFrom(`-BE0001-${randomBytes(6).toString('hex')}`) as PeerId,
        address: randomAddress(family),
        port: randomInt(1024, 65_536),
        transition: peer % 3 === 0 ? 'seeder' : 'leecher',
        numWant: 0,
      }),
    ),
  )
  await Promise.all(announces)
}

/** From networks of public addresses. */
function randomAddress(family: AddressFamily): Address {
  return new Uint8Array(family === 'ipv4' ? [20, ...randomBytes(3)] : [0x2a, ...randomBytes(15)])
}

async function usedMemory(client: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1])
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConnect, UdpSocket, writeAnnounce, writeConnect, writeScrape } from '@chihaya/client'
import { ANNOUNCE } from '@internal/test-tracker'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ip } from '../src/ip.ts'
import { Network, type Host } from '../src/network.ts'
import { redisServer, REDIS_PORT } from '../src/redis-server.ts'
import { TrackerProcess } from '../src/tracker-process.ts'

const PORT = 6969

let network: Network
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chihaya-e2e-'))
  network = await Network.create()
})

afterAll(async () => {
  await network.close()
  await rm(folder, { recursive: true })
})

/**
 * Sends requests of every kind to one address, from a socket that hears only that address, as
 * those of many clients. @returns the actions of the responses.
 */
async function ask(address: string): Promise<number[]> {
  await using socket = await UdpSocket.open(address, PORT)
  const id = readConnect(await socket.request(writeConnect))
  const requests: Array<(transactionId: number) => Buffer> = [
    (transactionId) => writeAnnounce(id, transactionId, ANNOUNCE),
    (transactionId) => writeScrape(id, transactionId, [ANNOUNCE.infoHash]),
    (transactionId) => writeScrape(id, transactionId, []).fill(9, 11, 12),
    (transactionId) => writeAnnounce(0n, transactionId, ANNOUNCE),
  ]
  const actions: number[] = []
  // oxlint-disable-next-line no-await-in-loop
  for (const request of requests) actions.push((await socket.request(request)).readUInt32BE(0))
  return actions
}

/**
 * Gives a host more addresses, a second segment, and routed addresses on `lo`. Returns all addresses
 * that can be queried.
 */
async function addAddresses(host: Host, index: number): Promise<string[]> {
  const [second, inner] = [`far${index}`, `10.99.${index}`]
  const anycast = [`203.0.113.${index}`, `2001:db8:53::${index}`]
  const routed = [`198.51.100.${index}`, `2001:db8:${index}::9`]
  await ip([`link add ${second} type veth peer name eth1 netns ${host.name}`])
  await ip([
    `address add ${inner}.2/24 dev ${second}`,
    `address add fd99:${index}::2/64 dev ${second} nodad`,
    `address add fe80::98/64 dev ${second} nodad`,
    `link set ${second} up`,
  ])
  await ip(
    [
      `address add 10.88.${index}.1/32 dev eth0`,
      `address add fd88:${index}::1/128 dev eth0 nodad`,
      `address add ${inner}.1/24 dev eth1`,
      `address add ${inner}.9/24 dev eth1`,
      `address add fd99:${index}::1/64 dev eth1 nodad`,
      `address add fd99:${index}::9/64 dev eth1 nodad`,
      'address add fe80::99/64 dev eth1 nodad',
      'link set eth1 up',
      `address add ${anycast[0]}/32 dev lo`,
      `address add ${anycast[1]}/128 dev lo`,
      `route add local ${routed[0]}/32 dev lo`,
      `route add local ${routed[1]}/64 dev lo`,
    ],
    host.name,
  )
  await ip([
    `route add 10.88.${index}.1 via ${host.ipv4}`,
    `route add fd88:${index}::1 via ${host.ipv6}`,
    `route add ${anycast[0]} via ${inner}.1`,
    `route add ${anycast[1]} via fd99:${index}::1`,
    `route add ${routed[0]} via ${host.ipv4}`,
    `route add ${routed[1]} via ${host.ipv6}`,
  ])
  const ipv4 = [
    host.ipv4,
    `10.88.${index}.1`,
    `${inner}.1`,
    `${inner}.9`,
    anycast[0] as string,
    routed[0] as string,
  ]
  const ipv6 = [
    host.ipv6,
    `fd88:${index}::1`,
    `fd99:${index}::1`,
    `fd99:${index}::9`,
    anycast[1] as string,
    routed[1] as string,
  ]
  return [...ipv4, ...ipv6, `fe80::99%${second}`]
}

describe('a tracker on a host with many addresses', () => {
  const REPLIES = [1, 2, 3, 3]

  test('replies from the address that was asked', async () => {
    const host = await network.addHost()
    const addresses = await addAddresses(host, 1)
    const tracker = await TrackerProcess.start(host, folder)
    for (const address of addresses)
      expect([address, await ask(address)]).toEqual([address, REPLIES])
    expect(await tracker.stop()).toBe(0)
    expect(tracker.log).not.toContain('a UDP socket failed')
  })

  test('does so while addresses come and go', async () => {
    const host = await network.addHost()
    const known = `${host.ipv4}/24 dev eth0`
    const late = `10.88.4.1/32 dev eth0`
    await ip([`route add 10.88.4.1 via ${host.ipv4}`])
    const tracker = await TrackerProcess.start(host, folder)
    const changes = [
      [],
      [`address add ${late}`],
      [`address delete ${known}`, `address add ${known}`],
    ]
    for (const change of [...changes, [`address delete ${late}`, `address add ${late}`]]) {
      await ip(change, host.name)
      expect(await ask(host.ipv4)).toEqual(REPLIES)
      if (change.length > 0) expect(await ask('10.88.4.1')).toEqual(REPLIES)
    }
    expect(await tracker.stop()).toBe(0)
    expect(tracker.log).not.toContain('a UDP socket failed')
  })

  test('does so after waiting for Redis', async () => {
    const redisHost = await network.addHost()
    const redis = await redisServer(redisHost)
    const host = await network.addHost()
    const addresses = await addAddresses(host, 2)
    const storage = `{ name: redis, config: { redis_broker: "redis://${redisHost.ipv4}:${REDIS_PORT}/0" } }`
    const tracker = await TrackerProcess.start(host, folder, storage)
    for (const address of addresses)
      expect([address, await ask(address)]).toEqual([address, REPLIES])
    expect(await tracker.stop()).toBe(0)
    await redis.stop('SIGKILL')
  })

  test('warns at the start with `node:dgram`, and lists the addresses', async () => {
    const host = await network.addHost()
    await addAddresses(host, 3)
    const tracker = await TrackerProcess.start(host, folder, '{ name: memory }', 'transport: dgram')
    await tracker.stop()
    const lines = tracker.log.trim().split('\n')
    const entries = lines.map(
      (line) => JSON.parse(line) as { msg: string; host: string; listen: string[] },
    )
    const warnings = entries.filter(({ msg }) =>
      msg.startsWith('UDP replies may leave from the wrong address'),
    )
    expect(Object.fromEntries(warnings.map(({ host: at, listen }) => [at, listen.sort()]))).toEqual(
      {
        '0.0.0.0': [host.ipv4, '10.88.3.1', '10.99.3.1', '10.99.3.9', '203.0.113.3'].sort(),
        '::': [host.ipv6, 'fd88:3::1', 'fd99:3::1', 'fd99:3::9', '2001:db8:53::3'].sort(),
      },
    )
  })
})

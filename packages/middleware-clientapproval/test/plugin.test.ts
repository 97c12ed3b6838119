import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peerIdFrom, type PeerId } from '@chihaya/bittorrent'
import type { PeerStore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { TrackerFailure, type ClientAnnounce } from '@chihaya/client'
import { ANNOUNCE, TestTracker, type Protocol } from '@internal/test-tracker'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientApproval, type ClientApprovalOptions } from '@chihaya/middleware-clientapproval'

const PROTOCOLS: Protocol[] = ['http', 'udp']
const REFUSED = new TrackerFailure('unapproved client')

function by(peerId: string): ClientAnnounce {
  return { ...ANNOUNCE, peerId: peerIdFrom(peerId) as PeerId }
}

const TRANSMISSION = by('-TR2940-k8hj0wgej6ch')
const QBITTORRENT = by('-qB4520-OU)UOaL(lsdt')
const OLD_QBITTORRENT = by('-qB4300-OU)UOaL(lsdt')

function trackerWith(...options: ClientApprovalOptions[]): Promise<TestTracker> {
  return TestTracker.start({
    register: (app) => {
      for (const each of options) app.register(clientApproval, each)
    },
  })
}

/** A store that can remove peers, and outlives the trackers on it. */
function modelStore(): ModelPeerStore {
  return new ModelPeerStore({ peerLifetime: 3_600_000, now: () => Date.now() })
}

function trackerOn(store: PeerStore, options: ClientApprovalOptions): Promise<TestTracker> {
  return TestTracker.start({ store, register: (app) => void app.register(clientApproval, options) })
}

async function listFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chihaya-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'clients'), text)
  return join(folder, 'clients')
}

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test('a whitelist approves its entries', async () => {
    await using tracker = await trackerWith({ whitelist: ['TR2940', 'qB >= 4.4'] })
    const client = tracker.client(protocol)
    expect(await client.announce(TRANSMISSION)).toMatchObject({ incomplete: 1 })
    expect(await client.announce(QBITTORRENT)).toMatchObject({ incomplete: 1 })
    await expect(client.announce(OLD_QBITTORRENT)).rejects.toThrow(REFUSED)
    await expect(client.announce(by('M7-9-1--zzzzzzzzzzzz'))).rejects.toThrow(REFUSED)
  })

  test('a blacklist refuses its entries', async () => {
    await using tracker = await trackerWith({ blacklist: ['TR2*', 'exbc\x00\x38'] })
    const client = tracker.client(protocol)
    await expect(client.announce(TRANSMISSION)).rejects.toThrow(REFUSED)
    await expect(client.announce(by('exbc\x00\x38aaaaaaaaaaaaaa'))).rejects.toThrow(REFUSED)
    expect(await client.announce(QBITTORRENT)).toMatchObject({ incomplete: 1 })
  })

  test('a client that is refused can leave', async () => {
    await using tracker = await trackerWith({})
    const client = tracker.client(protocol)
    await client.announce(TRANSMISSION)
    await client.announce({ ...QBITTORRENT, port: 7000 })
    tracker.app.clientApproval.deny('TR*')
    await expect(client.announce({ ...TRANSMISSION, event: 'completed' })).rejects.toThrow(REFUSED)
    // It learns nothing of the swarm that it leaves.
    expect(await client.announce({ ...TRANSMISSION, event: 'stopped' })).toMatchObject({
      complete: 0,
      incomplete: 0,
    })
    expect(await client.announce({ ...QBITTORRENT, port: 7000 })).toMatchObject({ incomplete: 1 })
  })

  test('a file is followed, and what was allowed or denied stays so', async () => {
    const file = await listFile('# Approved\nTR2940\n')
    await using tracker = await trackerWith({ whitelistFile: file })
    const client = tracker.client(protocol)
    await client.announce(TRANSMISSION)
    await expect(client.announce(QBITTORRENT)).rejects.toThrow(REFUSED)
    tracker.app.clientApproval.deny('qB < 4.4')
    await writeFile(file, 'qB* # every version\n')
    await expect
      .poll(() => tracker.app.clientApproval.has('qB4520'), { timeout: 20_000 })
      .toBe(true)
    await client.announce(QBITTORRENT)
    await expect(client.announce(OLD_QBITTORRENT)).rejects.toThrow(REFUSED)
    await expect(client.announce(TRANSMISSION)).rejects.toThrow(REFUSED)
  })

  test('a file that breaks leaves the list, and the log names line and cause', async () => {
    const file = await listFile('TR2940')
    await using tracker = await trackerWith({ whitelistFile: file })
    await writeFile(file, 'TR2940\n\nTR >= 2.94')
    const message = `${file}:3: 2.94 is not a version: each number is one character of a client id, so at most 61`
    const logged = (): unknown[] =>
      tracker.log.map(({ err }) => (err as Error | undefined)?.message)
    await expect.poll(logged, { timeout: 20_000 }).toContain(message)
    expect(await tracker.client(protocol).announce(TRANSMISSION)).toMatchObject({ incomplete: 1 })
  })

  test('scrapes, which name no client, are answered', async () => {
    await using tracker = await trackerWith({ whitelist: [] })
    expect(await tracker.client(protocol).scrape([ANNOUNCE.infoHash])).toMatchObject([
      { incomplete: 0 },
    ])
  })

  test('a failing hook after the reply costs the client nothing', async () => {
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.register(clientApproval, { whitelist: ['TR*'] })
        app.after(() =>
          app.tracker.addHook('postAnnounce', () => {
            throw new Error('too late to matter')
          }),
        )
      },
    })
    const client = tracker.client(protocol)
    expect(await client.announce(TRANSMISSION)).toMatchObject({ incomplete: 1 })
    await expect
      .poll(() => tracker.log.map(({ msg }) => msg), { timeout: 20_000 })
      .toContain('a post hook failed')
    expect(await client.announce({ ...TRANSMISSION, port: 7000 })).toMatchObject({ incomplete: 2 })
  })
})

describe('clients that are refused from now on leave their swarms', () => {
  const inSwarm = async (tracker: TestTracker): Promise<unknown> =>
    (await tracker.client('udp').scrape([ANNOUNCE.infoHash]))[0]

  test('when the list in the file has changed, and when they are denied', async () => {
    const file = await listFile('ZZ0000')
    const store = modelStore()
    await using tracker = await trackerOn(store, { blacklistFile: file })
    const client = tracker.client('http')
    for (const [index, one] of [TRANSMISSION, QBITTORRENT, OLD_QBITTORRENT].entries()) {
      // oxlint-disable-next-line no-await-in-loop
      await client.announce({ ...one, port: 7000 + index })
    }
    await writeFile(`${file}.new`, 'TR2940')
    await rename(`${file}.new`, file)
    await expect.poll(() => inSwarm(tracker), { timeout: 20_000 }).toMatchObject({ incomplete: 2 })
    tracker.app.clientApproval.deny('qB < 4.4')
    await expect.poll(() => inSwarm(tracker), { timeout: 20_000 }).toMatchObject({ incomplete: 1 })
    const removed = { level: 30, middleware: '@chihaya/middleware-clientapproval', peers: 1 }
    expect(tracker.log.filter(({ peers }) => peers !== undefined)).toMatchObject([removed, removed])
  })

  test('when a tracker with another list takes over', async () => {
    const store = modelStore()
    {
      await using former = await trackerOn(store, { whitelist: ['TR*', 'qB*'] })
      await former.client('udp').announce(TRANSMISSION)
      await former.client('http').announce({ ...QBITTORRENT, port: 7000 })
    }
    await using tracker = await trackerOn(store, { whitelist: ['qB*'] })
    await expect.poll(() => inSwarm(tracker), { timeout: 20_000 }).toMatchObject({ incomplete: 1 })
    expect(await tracker.client('http').announce({ ...QBITTORRENT, port: 7000 })).toMatchObject({
      incomplete: 1,
    })
  })
})

test('several lists in one scope must all approve, and the decorator is that of the first', async () => {
  await using tracker = await trackerWith(
    { whitelist: ['TR*', 'qB*'] },
    { blacklist: ['qB < 4.4'] },
  )
  const client = tracker.client('udp')
  await client.announce(TRANSMISSION)
  await client.announce(QBITTORRENT)
  await expect(client.announce(OLD_QBITTORRENT)).rejects.toThrow(REFUSED)
  expect(tracker.app.clientApproval.has('qB4300')).toBe(true)
})

test('each scope has its own lists', async () => {
  const scopes: FastifyInstance[] = []
  await using tracker = await TestTracker.start({
    register: (app) => {
      for (const options of [{ whitelist: [] }, { blacklist: [] }]) {
        app.register(async (scope) => {
          await scope.register(clientApproval, options)
          scopes.push(scope)
        })
      }
    },
  })
  expect(scopes.map((scope) => scope.clientApproval.has('TR2940'))).toEqual([false, true])
  expect(await tracker.client('http').announce(TRANSMISSION)).toMatchObject({ incomplete: 1 })
})

describe('the start', () => {
  test.each<[ClientApprovalOptions, string]>([
    [
      { whitelist: ['TR2940'], blacklist: ['TR2930'] },
      'options may have a whitelist or a blacklist, not both',
    ],
    [
      { whitelist: ['TR29'] },
      'options/whitelist/0 must be written like TR2940, TR29*, -TR*, qB >= 4.4, qB >= 4.4 < 4.6, got "TR29"',
    ],
    [{ blacklist: ['TR2940', 'TR = 2.94'] }, 'options/blacklist/1: 2.94 is not a version'],
    [{ list: [] } as ClientApprovalOptions, 'options has no key list'],
  ])('is refused with %j', async (options, message) => {
    await expect(trackerWith(options)).rejects.toThrow(
      `@chihaya/middleware-clientapproval: ${message}`,
    )
  })

  test('is refused with an invalid file', async () => {
    const file = await listFile('TR2940\nTransmission\n')
    await expect(trackerWith({ blacklistFile: file })).rejects.toThrow(
      `${file}:2: "Transmission" is not a client`,
    )
  })

  test('needs a tracker', async () => {
    await using app = Fastify()
    await expect(async () => app.register(clientApproval)).rejects.toThrow(/'@chihaya\/core'/)
  })
})

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PeerStore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'
import { TrackerFailure } from '@chihaya/client'
import { ANNOUNCE, TestTracker, type Protocol } from '@internal/test-tracker'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ipApproval, type IpApprovalOptions } from '@chihaya/middleware-ipapproval'

const PROTOCOLS: Protocol[] = ['http', 'udp']
const REFUSED = new TrackerFailure('unapproved address')
/** Both are the loopback's. */
const ONE = { localAddress: '127.0.0.1' }
const TWO = { localAddress: '127.0.0.2' }

function trackerWith(...options: IpApprovalOptions[]): Promise<TestTracker> {
  return TestTracker.start({
    register: (app) => {
      for (const each of options) app.register(ipApproval, each)
    },
  })
}

/** A store that can remove peers, and outlives the trackers on it. */
function modelStore(): ModelPeerStore {
  return new ModelPeerStore({ peerLifetime: 3_600_000, now: () => Date.now() })
}

function trackerOn(store: PeerStore, options: IpApprovalOptions): Promise<TestTracker> {
  return TestTracker.start({ store, register: (app) => void app.register(ipApproval, options) })
}

async function listFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chihaya-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'addresses'), Buffer.from(text, 'latin1'))
  return join(folder, 'addresses')
}

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test('a whitelist approves its addresses', async () => {
    await using tracker = await trackerWith({ whitelist: ['127.0.0.2', '::1'] })
    expect(await tracker.client(protocol, TWO).announce(ANNOUNCE)).toMatchObject({ incomplete: 1 })
    expect(await tracker.client(`${protocol}6` as Protocol).announce(ANNOUNCE)).toMatchObject({
      incomplete: 1,
    })
    await expect(tracker.client(protocol, ONE).announce(ANNOUNCE)).rejects.toThrow(REFUSED)
  })

  test('a blacklist refuses announces and scrapes of its addresses', async () => {
    await using tracker = await trackerWith({ blacklist: ['127.0.0.2/32', '::/0'] })
    for (const client of [
      tracker.client(protocol, TWO),
      tracker.client(`${protocol}6` as Protocol),
    ]) {
      await expect(client.announce(ANNOUNCE)).rejects.toThrow(REFUSED)
      await expect(client.scrape([ANNOUNCE.infoHash])).rejects.toThrow(REFUSED)
    }
    const client = tracker.client(protocol, ONE)
    expect(await client.announce(ANNOUNCE)).toMatchObject({ incomplete: 1 })
    expect(await client.scrape([ANNOUNCE.infoHash])).toMatchObject([{ incomplete: 1 }])
  })

  test('a peer whose address is refused can leave', async () => {
    await using tracker = await trackerWith({})
    const clients = [tracker.client(protocol, TWO), tracker.client(`${protocol}6` as Protocol)]
    for (const client of clients) await client.announce(ANNOUNCE)
    tracker.app.ipApproval.deny('127.0.0.2')
    tracker.app.ipApproval.deny('::/0')
    for (const client of clients) {
      await expect(client.announce({ ...ANNOUNCE, event: 'completed' })).rejects.toThrow(REFUSED)
      expect(await client.announce({ ...ANNOUNCE, event: 'stopped' })).toMatchObject({
        complete: 0,
        incomplete: 0,
      })
    }
    expect(await tracker.app.peerStore.stats()).toMatchObject({ swarms: 0 })
  })

  test('ranges may be refused, in the options and in a file of PeerGuardian or eMule', async () => {
    const file = await listFile(
      'Caf\xe9 - No. #3:127.0.0.2-127.0.0.3\n127.000.000.004 - 127.000.000.004 , 200 , allowed\n',
    )
    await using tracker = await trackerWith({
      blacklist: ['127.0.0.5-127.0.0.7'],
      blacklistFile: file,
    })
    const answers = [
      '127.0.0.1',
      '127.0.0.2',
      '127.0.0.3',
      '127.0.0.4',
      '127.0.0.6',
      '127.0.0.8',
    ].map(async (localAddress) => {
      const announced = tracker
        .client(protocol, { localAddress })
        .announce({ ...ANNOUNCE, port: 7000 })
      return announced.then(() => 'approved').catch((error: Error) => error.message)
    })
    const refused = REFUSED.message
    expect(await Promise.all(answers)).toEqual([
      'approved',
      refused,
      refused,
      'approved',
      refused,
      'approved',
    ])
  })

  test('a file is followed, and what was allowed or denied stays so', async () => {
    const file = await listFile('# Members\n127.0.0.1 # the first\n')
    await using tracker = await trackerWith({ whitelistFile: file })
    await tracker.client(protocol, ONE).announce(ANNOUNCE)
    await expect(tracker.client(protocol, TWO).announce(ANNOUNCE)).rejects.toThrow(REFUSED)
    tracker.app.ipApproval.deny('127.0.0.3')
    await writeFile(`${file}.new`, '127.0.0.2/31')
    await rename(`${file}.new`, file)
    await expect.poll(() => tracker.app.ipApproval.has('127.0.0.2'), { timeout: 20_000 }).toBe(true)
    await tracker.client(protocol, TWO).announce(ANNOUNCE)
    await expect(
      tracker.client(protocol, { localAddress: '127.0.0.3' }).announce(ANNOUNCE),
    ).rejects.toThrow(REFUSED)
    await expect(tracker.client(protocol, ONE).announce(ANNOUNCE)).rejects.toThrow(REFUSED)
  })

  test('a file that breaks leaves the list, and the log names line and cause', async () => {
    const file = await listFile('127.0.0.2')
    await using tracker = await trackerWith({ blacklistFile: file })
    await writeFile(file, '127.0.0.1\n127.0.0.256')
    const message = `${file}:2: "127.0.0.256" is neither an address nor a range of addresses`
    const logged = (): unknown[] =>
      tracker.log.map(({ err }) => (err as Error | undefined)?.message)
    await expect.poll(logged, { timeout: 20_000 }).toContain(message)
    await tracker.client(protocol, ONE).announce(ANNOUNCE)
    await expect(tracker.client(protocol, TWO).announce(ANNOUNCE)).rejects.toThrow(REFUSED)
  })

  test('with both lists, the closest entry decides', async () => {
    await using tracker = await trackerWith({
      whitelist: ['127.0.0.2'],
      blacklist: ['127.0.0.0/8'],
    })
    await tracker.client(protocol, TWO).announce(ANNOUNCE)
    await expect(tracker.client(protocol, ONE).announce(ANNOUNCE)).rejects.toThrow(REFUSED)
  })

  test('a failing hook after the reply costs the client nothing', async () => {
    await using tracker = await TestTracker.start({
      register: (app) => {
        app.register(ipApproval, { whitelist: ['127.0.0.0/8'] })
        app.after(() =>
          app.tracker.addHook('postAnnounce', () =>
            Promise.reject(new Error('too late to matter')),
          ),
        )
      },
    })
    const client = tracker.client(protocol, ONE)
    expect(await client.announce(ANNOUNCE)).toMatchObject({ incomplete: 1 })
    await expect
      .poll(() => tracker.log.map(({ msg }) => msg), { timeout: 20_000 })
      .toContain('a post hook failed')
    expect(await client.announce({ ...ANNOUNCE, port: 7000 })).toMatchObject({ incomplete: 2 })
  })
})

test('both addresses of a peer must be approved', async () => {
  await using tracker = await TestTracker.start({
    register: (app) => void app.register(ipApproval, { blacklist: ['9.9.0.0/16', '2a00::/16'] }),
    memory: { families: 'unified' },
    http: { allowIpSpoofing: true },
  })
  const announce = (ipv4: string, ipv6: string): Promise<unknown> =>
    tracker.client('http', { path: `/announce?ipv4=${ipv4}&ipv6=${ipv6}` }).announce(ANNOUNCE)
  await expect(announce('8.8.8.8', '2a00::1')).rejects.toThrow(REFUSED)
  await expect(announce('9.9.9.9', '2606:4700::1')).rejects.toThrow(REFUSED)
  expect(tracker.app.peerStore.stats()).toMatchObject({ swarms: 0 })
  expect(await announce('8.8.8.8', '2606:4700::1')).toMatchObject({ incomplete: 1 })
})

describe('peers at newly refused addresses leave their swarms', () => {
  test('when the list in the file has changed, and when they are denied', async () => {
    const file = await listFile('127.0.0.1-127.0.0.3\n::1')
    const store = modelStore()
    await using tracker = await trackerOn(store, { whitelistFile: file })
    for (const address of [ONE, TWO]) await tracker.client('udp', address).announce(ANNOUNCE)
    await tracker.client('http6').announce(ANNOUNCE)
    await writeFile(`${file}.new`, '127.0.0.2-127.0.0.3\n::1')
    await rename(`${file}.new`, file)
    await expect
      .poll(() => store.stats().leechers, { timeout: 20_000 })
      .toEqual({ ipv4: 1, ipv6: 1 })
    tracker.app.ipApproval.deny('::-::f')
    await expect
      .poll(() => store.stats().leechers, { timeout: 20_000 })
      .toEqual({ ipv4: 1, ipv6: 0 })
    expect(await tracker.client('http', TWO).announce({ ...ANNOUNCE, port: 7000 })).toMatchObject({
      incomplete: 2,
    })
  })

  test('when a tracker with another list takes over', async () => {
    const store = modelStore()
    {
      await using former = await trackerOn(store, {})
      for (const address of [ONE, TWO]) await former.client('http', address).announce(ANNOUNCE)
    }
    await using tracker = await trackerOn(store, { blacklist: ['127.0.0.2'] })
    await expect
      .poll(() => store.stats().leechers, { timeout: 20_000 })
      .toEqual({ ipv4: 1, ipv6: 0 })
    expect(await tracker.client('udp', ONE).scrape([ANNOUNCE.infoHash])).toMatchObject([
      { incomplete: 1 },
    ])
  })

  test('but not peers that another scope accepts', async () => {
    const store = modelStore()
    const evict = vi.spyOn(store, 'evict')
    const refusing: FastifyInstance[] = []
    await using tracker = await TestTracker.start({
      store,
      register: (app) => {
        app.register(async (scope) => {
          await scope.register(ipApproval, {})
          refusing.push(scope)
        })
        app.register(async (scope) => {
          await scope.register(ipApproval, { blacklist: ['127.0.0.3'] })
        })
      },
    })
    await tracker.client('http', ONE).announce(ANNOUNCE)
    refusing[0]?.ipApproval.deny('127.0.0.1')
    // A list of the whole tracker would have been heard by then.
    await sleep(1500)
    expect(evict).not.toHaveBeenCalled()
    expect(store.stats().leechers.ipv4).toBe(1)
  })
})

test('several lists in one scope must all approve, and the decorator is that of the first', async () => {
  await using tracker = await trackerWith(
    { whitelist: ['127.0.0.0/8'] },
    { blacklist: ['127.0.0.2'] },
  )
  await tracker.client('udp', ONE).announce(ANNOUNCE)
  await expect(tracker.client('udp', TWO).announce(ANNOUNCE)).rejects.toThrow(REFUSED)
  expect(tracker.app.ipApproval.has('127.0.0.2')).toBe(true)
})

test('each scope has its own lists', async () => {
  const scopes: FastifyInstance[] = []
  await using tracker = await TestTracker.start({
    register: (app) => {
      for (const options of [{ whitelist: [] }, {}]) {
        app.register(async (scope) => {
          await scope.register(ipApproval, options)
          scopes.push(scope)
        })
      }
    },
  })
  expect(scopes.map((scope) => scope.ipApproval.has('192.0.2.7'))).toEqual([false, true])
  expect(await tracker.client('http').announce(ANNOUNCE)).toMatchObject({ incomplete: 1 })
})

describe('the start', () => {
  test.each<[IpApprovalOptions, string]>([
    [
      { whitelist: ['localhost'] },
      'options/whitelist/0 must be written like 192.0.2.7, 10.0.0.0/8, 2001:db8::/32, 192.0.2.1-192.0.2.99, got "localhost"',
    ],
    [
      { blacklist: ['::1', '10.0.0.0/33'] },
      'options/blacklist/1: "10.0.0.0/33" is neither an address nor a range of addresses',
    ],
    [{ list: [] } as IpApprovalOptions, 'options has no key list'],
  ])('is refused with %j', async (options, message) => {
    await expect(trackerWith(options)).rejects.toThrow(`@chihaya/middleware-ipapproval: ${message}`)
  })

  test('is refused with an invalid file', async () => {
    const file = await listFile('10.0.0.0/8\n10.0.0.0/8/8\n')
    await expect(trackerWith({ blacklistFile: file })).rejects.toThrow(
      `${file}:2: "10.0.0.0/8/8" is neither`,
    )
  })

  test('needs a tracker', async () => {
    await using app = Fastify()
    await expect(async () => app.register(ipApproval)).rejects.toThrow(/'@chihaya\/core'/)
  })
})

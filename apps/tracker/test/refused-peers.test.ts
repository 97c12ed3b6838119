import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const BANNED = '-AA0001-aaaaaaaaaaaa'
const APPROVED = '-BB0001-bbbbbbbbbbbb'
const REMOVED = /refused peers were removed from their swarms \{.*"peers":(\d+)/

function configuration(options: string): string {
  return `chihaya:
  http: { addr: "127.0.0.1:0" }
  prehooks: [{ name: client approval, options: ${options} }]
`
}

interface Running {
  readonly chihaya: Chihaya
  readonly folder: string
  /** The number of leechers, including the one that asks, which all lists approve. */
  readonly incomplete: () => Promise<unknown>
}

/** A tracker with two peers that its list approves. */
async function trackerWith(options: string): Promise<Running> {
  const folder = await temporaryFolder({ 'list.txt': 'ZZ*', 'c.yaml': configuration(options) })
  const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
  const port = await chihaya.port('HTTP')
  const announce = async (query: Record<string, string | number>): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${announcePath(query)}`)
    return decode(new Uint8Array(await response.arrayBuffer()))['incomplete']
  }
  await announce({ peer_id: BANNED, port: 7000 })
  const incomplete = (): Promise<unknown> => announce({ peer_id: APPROVED, port: 7001 })
  expect(await incomplete()).toBe(2)
  return { chihaya, folder, incomplete }
}

describe('peers with a newly refused client', () => {
  it.each([
    ['a reload', '{ blacklist: [AA*] }', true],
    ["a change of the list's file", '{ blacklist_file: list.txt }', false],
  ])('are dropped after %s', async (_what, options, reloads) => {
    const { chihaya, folder, incomplete } = await trackerWith('{ blacklist_file: list.txt }')
    if (reloads) {
      await writeFile(join(folder, 'c.yaml'), configuration(options))
      chihaya.signal('SIGHUP')
    } else {
      await writeFile(join(folder, 'list.new'), 'AA*')
      await rename(join(folder, 'list.new'), join(folder, 'list.txt'))
    }
    expect((await chihaya.line(REMOVED))[1]).toBe('1')
    expect(await incomplete()).toBe(1)
  })

  it('stay if the configuration that refuses them cannot be served', async () => {
    const { chihaya, folder, incomplete } = await trackerWith('{ blacklist: [ZZ*] }')
    const taken = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await once(taken, 'listening')
    const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`
    await writeFile(
      join(folder, 'c.yaml'),
      configuration('{ blacklist: [AA*] }').replace('127.0.0.1:0', address),
    )
    chihaya.signal('SIGHUP')
    await expect.poll(() => chihaya.stdout + chihaya.stderr, { timeout: 20_000 }).toMatch(/in use/)
    // Longer than it takes to drop peers.
    await sleep(2500)
    expect(await incomplete()).toBe(2)
    expect(chihaya.stdout).not.toMatch(REMOVED)
  })
})

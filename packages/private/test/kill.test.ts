import { SqliteDriver } from '@chihaya/backend-sql'
import { peerIdFrom, type PeerId } from '@chihaya/bittorrent'
import { ANNOUNCE } from '@internal/test-tracker'
import { trackerClient } from '@chihaya/client'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { infoHash } from './site.ts'

const MEMBERS = 5
const KILLS = 8

interface Running {
  readonly process: ChildProcess
  readonly url: string
}

async function start(folder: string): Promise<Running> {
  const script = new URL('member-tracker.ts', import.meta.url).pathname
  const args = ['--conditions=@chihaya/source', '--no-warnings', script, folder, String(MEMBERS)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { process: child, url }
}

/** A client of one member, whose counters grow whatever becomes of the tracker. */
class Member {
  readonly id: number
  uploaded = 0n

  constructor(id: number) {
    this.id = id
  }

  async announce(url: string, event: 'started' | 'none' = 'none'): Promise<void> {
    const client = trackerClient(`${url}/announce?passkey=passkey-of-user-${this.id}`)
    const { id, uploaded } = this
    try {
      const peerId = peerIdFrom(`-XX0001-${String(id).repeat(12)}`) as PeerId
      const port = 7000 + id
      const request = { ...ANNOUNCE, infoHash: infoHash(1), left: 0n, peerId, port }
      await client.announce({ ...request, uploaded, event })
    } finally {
      await client.close()
    }
  }
}

test('F-8: a tracker that is killed again and again credits what was moved, no more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kill-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const members = Array.from({ length: MEMBERS }, (_, index) => new Member(index + 1))
  let tracker = await start(folder)
  // First sight; it has to be on disk, as counters are credited from there on.
  await Promise.all(members.map((member) => member.announce(tracker.url, 'started')))
  for (let kill = 0; kill < KILLS; kill++) {
    const killed = new AbortController()
    const clients = members.map(async (member) => {
      while (!killed.signal.aborted) {
        member.uploaded += BigInt(1 + Math.floor(Math.random() * 1000))
        // An announce that the tracker did not live to answer is one of many.
        // oxlint-disable-next-line no-await-in-loop
        await member.announce(tracker.url).catch(() => undefined)
      }
    })
    // oxlint-disable-next-line no-await-in-loop
    await setTimeout(50 + Math.random() * 200)
    tracker.process.kill('SIGKILL')
    killed.abort()
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(clients)
    // oxlint-disable-next-line no-await-in-loop
    tracker = await start(folder)
    // oxlint-disable-next-line no-await-in-loop
    await Promise.all(members.map((member) => member.announce(tracker.url)))
  }
  tracker.process.stdin?.end()
  await once(tracker.process, 'exit')

  const driver = new SqliteDriver(join(folder, 'chihaya.db'))
  await driver.connect()
  const sql = 'SELECT id, uploaded FROM chihaya_users ORDER BY id'
  const credited = await driver.query({ sql })
  await driver.close()
  expect(credited).toEqual(members.map(({ id, uploaded }) => [id, Number(uploaded)]))
})

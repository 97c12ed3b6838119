import { existsSync, readdirSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  readConnect,
  readError,
  readScrape,
  UdpSocket,
  writeConnect,
  writeScrape,
} from '@chihaya/client'
import { sampleInfoHash } from '@chihaya/core/testing'
import { describe, expect, it } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'
import { announceByUdp } from './udp-client.ts'

const LIBRARIES = '/usr/lib'

/** Where Debian installs the library that changes the clock of a process. */
function faketime(): string {
  const folder = readdirSync(LIBRARIES).find((name) =>
    existsSync(join(LIBRARIES, name, 'faketime/libfaketime.so.1')),
  )
  if (folder === undefined) throw new Error('this test needs the Debian package libfaketime')
  return join(LIBRARIES, folder, 'faketime/libfaketime.so.1')
}

/** A tracker with a wall clock that the test can set. Monotonic clocks are unaffected. */
class TurnedChihaya {
  readonly chihaya: Chihaya
  readonly #clock: string

  private constructor(chihaya: Chihaya, clock: string) {
    this.chihaya = chihaya
    this.#clock = clock
  }

  static async start(storage = '{ name: memory }'): Promise<TurnedChihaya> {
    const folder = await temporaryFolder({
      clock: '+0',
      'c.yaml': `chihaya: { http: { addr: "127.0.0.1:0" }, udp: { addr: "127.0.0.1:0" }, storage: ${storage} }`,
    })
    const clock = join(folder, 'clock')
    const chihaya = new Chihaya(['--config', 'c.yaml', '--json'], {
      cwd: folder,
      env: {
        LD_PRELOAD: faketime(),
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    })
    return new TurnedChihaya(chihaya, clock)
  }

  /** Sets the clock this many seconds ahead of the true time. */
  async turn(seconds: number): Promise<void> {
    await writeFile(`${this.#clock}.new`, seconds < 0 ? String(seconds) : `+${seconds}`)
    await rename(`${this.#clock}.new`, this.#clock)
  }

  async announce(port: number): Promise<Record<string, unknown>> {
    const response = await fetch(
      `http://127.0.0.1:${await this.chihaya.port('HTTP')}${announcePath({ port })}`,
    )
    return decode(new Uint8Array(await response.arrayBuffer()))
  }
}

const DAY = 86_400

describe('a clock that is set to another time', () => {
  it('neither removes peers nor keeps them beyond their lifetime', async () => {
    const turned = await TurnedChihaya.start(
      '{ name: memory, config: { peer_lifetime: 3s, gc_interval: 1s } }',
    )
    expect(await turned.announce(1001)).toMatchObject({ incomplete: 1 })
    await turned.turn(10 * DAY)
    expect(await turned.announce(1002)).toMatchObject({ incomplete: 2 })
    await turned.turn(-10 * DAY)
    expect(await turned.announce(1003)).toMatchObject({ incomplete: 3 })
    // Three peers have expired when a fourth is alone.
    await expect
      .poll(async () => (await scrape(turned.chihaya)).incomplete, {
        timeout: 20_000,
        interval: 500,
      })
      .toBe(0)
    expect(await turned.announce(1004)).toMatchObject({ incomplete: 1 })
    // Shows that the clock was set.
    turned.chihaya.signal('SIGTERM')
    await turned.chihaya.exitCode()
    const { time } = JSON.parse(turned.chihaya.stdout.trimEnd().split('\n').at(-1) as string) as {
      time: string
    }
    expect(Date.parse(time)).toBeLessThan(Date.now() - 9 * DAY * 1000)
  })

  it.each([
    ['forward', DAY],
    ['back', -DAY],
  ])('%s costs UDP clients at most a connection id', async (_direction, seconds) => {
    const turned = await TurnedChihaya.start()
    const port = await turned.chihaya.port('UDP')
    await using socket = await UdpSocket.open('127.0.0.1', port)
    const id = readConnect(await socket.request(writeConnect))
    const scrapeTorrent = (): Promise<Buffer> =>
      socket.request((transactionId) => writeScrape(id, transactionId, [sampleInfoHash(1)]))
    expect(readScrape(await scrapeTorrent(), 1)).toHaveLength(1)

    await turned.turn(seconds)
    expect(readError(await scrapeTorrent())).toMatch(/connection id/i)
    // A refused client connects again.
    expect((await announceByUdp('127.0.0.1', port)).readUInt32BE(0)).toBe(1)
  })
})

async function scrape(chihaya: Chihaya): Promise<{ incomplete: number }> {
  const response = await fetch(
    `http://127.0.0.1:${await chihaya.port('HTTP')}/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa`,
  )
  const files = decode(new Uint8Array(await response.arrayBuffer()))['files'] as Map<
    string,
    Map<string, number>
  >
  return { incomplete: files.get('aaaaaaaaaaaaaaaaaaaa')?.get('incomplete') ?? 0 }
}

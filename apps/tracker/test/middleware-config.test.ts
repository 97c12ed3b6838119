import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'
import { announceByUdp } from './udp-client.ts'

// The torrents of `announcePath` and `announceByUdp`, in hex.
const HTTP_TORRENT = '61'.repeat(20)
const UDP_TORRENT = '75'.repeat(20)

interface Running {
  readonly chihaya: Chihaya
  readonly folder: string
  readonly byHttp: (query?: Record<string, string>) => Promise<Record<string, unknown>>
  /** The text of an error packet, or the interval of an answer. */
  readonly byUdp: () => Promise<string | number>
}

/** The command with these lines under `prehooks`. */
async function chihayaWith(...prehooks: readonly string[]): Promise<Running> {
  const text = `
chihaya:
  announce_interval: "30m"
  http: { addr: "127.0.0.1:0" }
  udp: { addr: "127.0.0.1:0", private_key: "a secret of mine" }
  prehooks:
${prehooks.map((line) => `  ${line}\n`).join('')}`
  const folder = await temporaryFolder({ 'chihaya.yaml': text, 'list.txt': '' })
  const chihaya = new Chihaya(['--config', 'chihaya.yaml', '--json'], { cwd: folder })
  const [http, udp] = [await chihaya.port('HTTP'), await chihaya.port('UDP')]
  return {
    chihaya,
    folder,
    async byHttp(query = {}) {
      const response = await fetch(`http://127.0.0.1:${http}${announcePath(query)}`)
      return decode(new Uint8Array(await response.arrayBuffer()))
    },
    async byUdp() {
      const reply = await announceByUdp('127.0.0.1', udp)
      return reply.readUInt32BE(0) === 3 ? reply.toString('latin1', 8) : reply.readUInt32BE(8)
    },
  }
}

describe('a hook by its name in Chihaya', () => {
  it('may be client approval', async () => {
    const { byHttp, byUdp } = await chihayaWith(
      '- name: client approval',
      '  options:',
      '    whitelist:',
      '    - OP1011',
      '    - XX >= 0.0.0.2',
    )
    expect(await byHttp()).toEqual({ 'failure reason': 'unapproved client' })
    expect(await byUdp()).toBe('unapproved client')
    expect(await byHttp({ peer_id: '-OP1011-aaaaaaaaaaaa' })).toMatchObject({ incomplete: 1 })
  })

  it('may be torrent approval, which follows changes of its list', async () => {
    const { folder, byHttp, byUdp } = await chihayaWith(
      '- name: torrent approval',
      '  options:',
      `    whitelist: [${HTTP_TORRENT}]`,
      '    whitelist_file: list.txt',
    )
    expect(await byHttp()).toMatchObject({ incomplete: 1 })
    expect(await byUdp()).toBe('unapproved torrent')
    await appendFile(join(folder, 'list.txt'), `${UDP_TORRENT}\n`)
    await expect.poll(byUdp, { timeout: 20_000, interval: 200 }).toBe(1800)
  })

  it('may be interval variation', async () => {
    const { byHttp, byUdp } = await chihayaWith(
      '- name: interval variation',
      '  options:',
      '    modify_response_probability: 1.0',
      '    max_increase_delta: 60',
      '    modify_min_interval: true',
    )
    const { interval, 'min interval': minInterval } = await byHttp()
    expect(interval).toBeGreaterThan(1800)
    expect(interval).toBeLessThanOrEqual(1860)
    expect(minInterval).toBe(Number(interval) - 900)
    expect(await byUdp()).toBeGreaterThan(1800)
  })
})

describe('ip approval', () => {
  it('is known by its name', async () => {
    const { byHttp, byUdp } = await chihayaWith(
      '- name: ip approval',
      '  options: { blacklist: [127.0.0.0/8], retry_in: never }',
    )
    expect(await byHttp()).toEqual({ 'failure reason': 'unapproved address', 'retry in': 'never' })
    expect(await byUdp()).toBe('unapproved address')
  })
})

describe('rate limit', () => {
  it('is known by its name', async () => {
    const { byHttp, byUdp } = await chihayaWith(
      '- name: rate limit',
      '  options: { announces_per_minute: 1, announce_burst: 3, scrapes_per_minute: 60, except: [192.0.2.0/24] }',
    )
    for (const port of ['1', '2', '3']) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await byHttp({ port })).toMatchObject({ interval: 1800 })
    }
    expect(await byHttp()).toEqual({ 'failure reason': 'too many announces', 'retry in': 3 })
    expect(await byUdp()).toBe('too many announces')
  })
})

describe('an error in a list', () => {
  it('prevents a start, and is reported with its place', async () => {
    const text = (options: string): string =>
      `chihaya:\n  udp: { addr: "127.0.0.1:0", private_key: abc }\n  prehooks:\n  - name: torrent approval\n    options: ${options}\n`
    const folder = await temporaryFolder({
      'entry.yaml': text('{ whitelist: [abc] }'),
      'both.yaml': text(`{ whitelist: [${HTTP_TORRENT}], blacklist: [${UDP_TORRENT}] }`),
      'file.yaml': text('{ whitelist_file: list.txt }'),
      'list.txt': `${HTTP_TORRENT}\nabc\n`,
    })
    const failure = async (name: string): Promise<string> => {
      const chihaya = new Chihaya(['--config', name], { cwd: folder })
      expect(await chihaya.exitCode()).toBe(1)
      return chihaya.stderr
    }
    expect(await failure('entry.yaml')).toContain(
      'entry.yaml:5:28: chihaya.prehooks[0].options.whitelist[0] must be text such as',
    )
    expect(await failure('both.yaml')).toContain(
      'options may have a whitelist or a blacklist, not both',
    )
    expect(await failure('file.yaml')).toContain(
      `${folder}/list.txt:2: "abc" is not an infohash of 40 or 64 hex digits`,
    )
  })
})

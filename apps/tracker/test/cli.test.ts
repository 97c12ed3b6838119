import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'
import { announceByUdp } from './udp-client.ts'

async function announce(origin: string, query = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${origin}${announcePath(query)}`)
  return decode(new Uint8Array(await response.arrayBuffer()))
}

/** A running tracker with this file. */
async function chihayaWith(text: string, ...flags: string[]): Promise<Chihaya> {
  const folder = await temporaryFolder({ 'chihaya.yaml': text })
  return new Chihaya(['--config', 'chihaya.yaml', ...flags], { cwd: folder })
}

const BOTH = `
chihaya:
  http:
    addr: ":0"
  udp:
    addr: ":0"
    private_key: "a secret of mine"
`

describe('chihaya', () => {
  it('answers announces over HTTP and UDP, IPv4 and IPv6, until it is stopped', async () => {
    const chihaya = await chihayaWith(BOTH)
    const [udp4, udp6] = (await chihaya.ports('UDP', 2)) as [number, number]
    const http = await chihaya.port('HTTP')
    expect(await announce(`http://127.0.0.1:${http}`)).toMatchObject({
      interval: 1800,
      incomplete: 1,
    })
    expect(await announce(`http://[::1]:${http}`)).toMatchObject({ interval: 1800, incomplete: 1 })
    expect((await announceByUdp('127.0.0.1', udp4)).readUInt32BE(0)).toBe(1)
    expect((await announceByUdp('::1', udp6)).readUInt32BE(8)).toBe(1800)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(chihaya.stdout).toMatch(/stopping on SIGTERM[^]*stopped/)
    expect(chihaya.stdout).not.toContain('a secret of mine')
    expect(chihaya.stderr).toBe('')
  })

  it('logs which configuration it uses, with warnings, and no requests', async () => {
    const chihaya = await chihayaWith(BOTH)
    const port = await chihaya.port('HTTP')
    await announce(`http://127.0.0.1:${port}`, { passkey: 'hidden' })
    await fetch(`http://127.0.0.1:${port}/nowhere?passkey=hidden`)
    await fetch(`http://127.0.0.1:${port}/%FF?passkey=hidden`)
    chihaya.signal('SIGINT')
    expect(await chihaya.exitCode()).toBe(0)
    expect(chihaya.stdout).toMatch(/the configuration is \/.*\/chihaya\.yaml/)
    expect(chihaya.stdout).toMatch(
      /WARN: chihaya\.yaml:2:1: chihaya leaves these to their defaults: announce_interval 30m/,
    )
    expect(chihaya.stdout).not.toMatch(/hidden|nowhere|%FF/)
  })

  it('does not log queries or keys at debug level either', async () => {
    const failing = `export default async (fastify) => fastify.tracker.addHook('preAnnounce', () => { throw new Error('a fault') })`
    const folder = await temporaryFolder({
      'hook.mjs': failing,
      'c.yaml': `${BOTH}  prehooks: [{ name: ./hook.mjs }]\n`,
    })
    const chihaya = new Chihaya(['--config', 'c.yaml', '--debug', '--json'], { cwd: folder })
    const http = await chihaya.port('HTTP')
    expect(await announce(`http://127.0.0.1:${http}`, { passkey: 'hidden' })).toEqual({
      'failure reason': 'internal server error',
    })
    await fetch(`http://127.0.0.1:${http}/nowhere?passkey=hidden`)
    await announceByUdp('127.0.0.1', await chihaya.port('UDP'))
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(chihaya.stdout).toContain('a fault')
    expect(chihaya.stdout).not.toMatch(/hidden|a secret of mine|info_hash/)
  })

  it('logs one JSON object per line with --json', async () => {
    const chihaya = await chihayaWith(BOTH, '--json')
    await chihaya.port('HTTP')
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    const lines = chihaya.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(
      lines.every(({ level, time, msg }) =>
        [level, time, msg].every((field) => typeof field === 'string'),
      ),
    ).toBe(true)
    const listening = lines.filter(({ msg }) => String(msg).endsWith('tracker listens'))
    expect(listening).toHaveLength(3)
    expect(listening.at(-1)).toMatchObject({
      level: 'info',
      msg: 'the HTTP tracker listens',
      port: expect.any(Number),
    })
  })

  it('logs without colours unless on a terminal', async () => {
    const chihaya = await chihayaWith(BOTH)
    await chihaya.port('HTTP')
    expect(chihaya.stdout).not.toContain('\u001B')
  })

  it('answers other requests in bencode', async () => {
    const chihaya = await chihayaWith('chihaya: { http: { addr: "127.0.0.1:0" } }')
    const origin = `http://127.0.0.1:${await chihaya.port('HTTP')}`
    for (const [path, status, reason] of [
      ['/nowhere', 404, 'not found'],
      ['/%FF/announce', 400, 'bad request'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const response = await fetch(origin + path)
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe('text/plain')
      // oxlint-disable-next-line no-await-in-loop
      expect(decode(new Uint8Array(await response.arrayBuffer()))).toEqual({
        'failure reason': reason,
      })
    }
  })

  it('serves several addresses', async () => {
    const chihaya = await chihayaWith(
      'chihaya: { http: { addr: ["127.0.0.1:0", "[::1]:0", "localhost:0"] } }',
    )
    const [first, second, third] = (await chihaya.ports('HTTP', 3)) as [number, number, number]
    expect(await announce(`http://127.0.0.1:${first}`)).toMatchObject({ incomplete: 1 })
    expect(await announce(`http://[::1]:${second}`)).toMatchObject({ incomplete: 1 })
    expect(await announce(`http://localhost:${third}`, { port: 2 })).toMatchObject({
      incomplete: expect.any(Number),
    })
  })

  it('resolves hooks from the folder of the file, wherever it is started', async () => {
    const folder = await temporaryFolder({
      'freeleech.mjs': `export default async (fastify, { text }) => {
        fastify.tracker.addHook('preAnnounce', (request, response) => { response.warning = text })
      }`,
      'c.yaml':
        'chihaya: { http: { addr: "127.0.0.1:0" }, prehooks: [{ name: ./freeleech.mjs, options: { text: free } }] }',
    })
    const chihaya = new Chihaya(['--config', '$FOLDER/c.yaml'], {
      cwd: '/',
      env: { FOLDER: folder },
    })
    expect(await announce(`http://127.0.0.1:${await chihaya.port('HTTP')}`)).toMatchObject({
      'warning message': 'free',
    })
  })

  it('reads a relative --config from where the user called the start script', async () => {
    const folder = await temporaryFolder({ 'c.yaml': 'chihaya: { http: { addr: "127.0.0.1:0" } }' })
    const chihaya = new Chihaya(['--config', './c.yaml'], {
      cwd: '/',
      env: { INIT_CWD: folder, npm_lifecycle_event: 'start' },
    })
    expect(await chihaya.port('HTTP')).toBeGreaterThan(0)
  })
})

describe('a failed start', () => {
  it.each([
    [['--help'], 0, /^A BitTorrent tracker[^]*--config FILE[^]*--nocolors/, /^$/],
    [['--version'], 0, /^chihaya \d+\.\d+\.\d+\n$/, /^$/],
    [
      ['--confg', 'x'],
      2,
      /^$/,
      /^chihaya: there is no flag --confg; did you mean --config\?\nTry chihaya --help\.\n$/,
    ],
    [['e2ee'], 2, /^$/, /^chihaya: there is no command "e2ee"; did you mean e2e\?\n/],
    [['check', '--help'], 0, /^Check a configuration file[^]*chihaya check \[FILE\]/, /^$/],
    [
      ['print-config', '-h'],
      0,
      /^Print the effective configuration[^]*chihaya print-config \[FILE\]/,
      /^$/,
    ],
    [['e2e', '--help'], 0, /^Test a running tracker[^]*--httpaddr URL/, /^$/],
    [
      ['--config', '/nowhere/c.yaml'],
      1,
      /^$/,
      /^chihaya: cannot read the configuration \/nowhere\/c\.yaml: there is no such file\n$/,
    ],
  ])('%j', async (args, code, stdout, stderr) => {
    const chihaya = new Chihaya(args)
    expect(await chihaya.exitCode()).toBe(code)
    expect(chihaya.stdout).toMatch(stdout)
    expect(chihaya.stderr).toMatch(stderr)
  })

  it('reports all errors in the file, and exits with 1', async () => {
    const text = 'chihaya:\n  http:\n    addr: ":0"\n    max_numwnat: 5\n  udp:\n    addr: ":x"\n'
    const chihaya = await chihayaWith(text)
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr.split('\n')).toEqual([
      'chihaya: chihaya.yaml:4:5: chihaya.http.max_numwnat is not a known key; did you mean max_numwant?',
      expect.stringMatching(/^chihaya: chihaya\.yaml:6:11: chihaya\.udp\.addr must be host:port/),
      '',
    ])
    const json = await chihayaWith(text, '--json')
    expect(await json.exitCode()).toBe(1)
    const [first] = json.stderr.split('\n').map((line) => JSON.parse(line || '{}') as object)
    expect(first).toMatchObject({
      level: 'fatal',
      file: 'chihaya.yaml',
      line: 4,
      column: 5,
      key: 'chihaya.http.max_numwnat',
    })
  })

  it('reports in one line that a port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const http = await chihayaWith(`chihaya: { http: { addr: "127.0.0.1:${port}" } }`)
    expect(await http.exitCode()).toBe(1)
    expect(http.stderr).toBe(
      `chihaya: chihaya.http.addr: cannot listen on http 127.0.0.1:${port}: the port is in use\n`,
    )
    expect(http.stdout).not.toContain('tracker listens')
  })

  it('reports in one line that a UDP port is in use', async () => {
    const first = await chihayaWith('chihaya: { udp: { addr: "127.0.0.1:0" } }')
    const port = await first.port('UDP')
    const second = await chihayaWith(
      `chihaya: { http: { addr: "127.0.0.1:0" }, udp: { addr: "127.0.0.1:${port}" } }`,
    )
    expect(await second.exitCode()).toBe(1)
    expect(second.stderr).toBe(
      `chihaya: chihaya.udp.addr: cannot listen on udp 127.0.0.1:${port}: the port is in use\n`,
    )
  })

  it('reports in one line that a host is unknown', async () => {
    const chihaya = await chihayaWith('chihaya: { udp: { addr: "no.such.host.invalid:6969" } }')
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr).toMatch(
      /^chihaya: chihaya\.udp\.addr: cannot listen on udp no\.such\.host\.invalid:6969: the host name is unknown/,
    )
  })

  it('shows why a hook fails to load', async () => {
    const folder = await temporaryFolder({
      'hook.mjs': `export default (fastify, options, done) => { throw new Error('no database') }`,
      'c.yaml': 'chihaya: { http: { addr: "127.0.0.1:0" }, prehooks: [{ name: ./hook.mjs }] }',
    })
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr).toMatch(
      /^chihaya: Error: prehooks\[0\]: no database\n {4}at .*hook\.mjs:1:/,
    )
  })
})

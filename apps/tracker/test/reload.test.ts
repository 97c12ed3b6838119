import { once } from 'node:events'
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { httpAnnouncer, udpAnnouncer, type Announcer } from './announce-load.ts'
import { announcePath, decode } from './announces.ts'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const RELOADED = /the configuration is reloaded/g
const RELOADS = 10
/** More requests than any machine answers during a reload. */
const MOST_REQUESTS = 20_000

// An asynchronous hook, so that requests are pending whenever the tracker changes.
const HOOK = `export default async (fastify, { text }) => {
  fastify.tracker.addHook('preAnnounce', async (request, response) => {
    await new Promise((resolve) => setTimeout(resolve, 2))
    response.warning = text
  })
}`
const FAILING_HOOK = `export default async () => { throw Object.assign(new Error('the keys are unavailable'), { code: 'NO_KEYS' }) }`

// A middleware that reports at its close what its hooks have collected.
const ACCOUNTING = `import { appendFile } from 'node:fs/promises'
export default async (fastify, { file }) => {
  const deltas = []
  fastify.tracker.addHook('postAnnounce', async ({ port }) => {
    await new Promise((resolve) => setTimeout(resolve, 500))
    deltas.push(port)
  })
  fastify.addHook('onClose', async () => appendFile(file, deltas.map((port) => port + '\\n').join('')))
}`

// A third-party middleware. Its users outlive a configuration, unless the database changes.
const USERS = `import { appendFileSync } from 'node:fs'
import { lasting } from '@chihaya/core'
const say = (line) => appendFileSync('users.txt', line + '\\n')
export default async (fastify, { database }) => {
  const users = await lasting(fastify, 'users', {
    options: { database },
    create: async () => ({ announces: 0 }),
    close: ({ announces }) => say(database + ' closes after ' + announces),
  })
  fastify.tracker.addHook('preAnnounce', (announce, answer) => {
    answer.warning = database + ' ' + ++users.announces
  })
  fastify.addHook('onClose', async () => say('middleware closes'))
}`

function odd(interval: string): string {
  return `chihaya:
  announce_interval: ${interval}
  http:
    addr: "127.0.0.1:0"
    https_addr: "127.0.0.1:0"
    tls_cert_path: one.pem
    tls_key_path: one.key
    enable_keepalive: true
    max_numwant: 10
  udp: { addr: "127.0.0.1:0", max_numwant: 10 }
  storage: { name: memory }
`
}

function even(interval: string): string {
  return `chihaya:
  announce_interval: ${interval}
  http:
    addr: ["127.0.0.1:0", "127.0.0.2:0"]
    https_addr: "127.0.0.1:0"
    tls_cert_path: two.pem
    tls_key_path: two.key
    enable_keepalive: true
    announce_routes: [/announce, "/:passkey/announce"]
    idle_timeout: 10s
  udp: { addr: ["127.0.0.2:0", "127.0.0.1:0"], private_key: "another", max_scrape_infohashes: 200 }
  storage: { name: memory }
  prehooks: [{ name: ./hook.mjs, options: { text: even } }]
`
}

/** The fingerprint of the served certificate. */
async function certificateAt(port: number): Promise<string> {
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return socket.getPeerCertificate().fingerprint256
}

function reloads(chihaya: Chihaya): number {
  return [...chihaya.stdout.matchAll(RELOADED)].length
}

/** Reloads the tracker, and waits for the end. */
async function reload(chihaya: Chihaya, signal: NodeJS.Signals): Promise<void> {
  const before = reloads(chihaya)
  chihaya.signal(signal)
  await expect.poll(() => reloads(chihaya), { timeout: 20_000 }).toBeGreaterThan(before)
}

async function incomplete(port: number): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${announcePath({ port: 1000 })}`)
  return decode(new Uint8Array(await response.arrayBuffer()))['incomplete']
}

describe('a reload under load', () => {
  it('fails no request, keeps peers, and applies the new file', { timeout: 120_000 }, async () => {
    const folder = await temporaryFolder({ 'hook.mjs': HOOK, 'c.yaml': odd('10m') })
    await Promise.all([makeCertificate(folder, 'one'), makeCertificate(folder, 'two')])
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const port = await chihaya.port('HTTP')
    const httpsPort = await chihaya.port('HTTPS')
    const udpPort = await chihaya.port('UDP')
    const http = Array.from({ length: 6 }, (_, index) =>
      httpAnnouncer(port, 2000 + index, index % 2 === 0),
    )
    const udp = await Promise.all(
      Array.from({ length: 4 }, (_, index) => udpAnnouncer(udpPort, 3000 + index)),
    )
    const announcers: Announcer[] = [...http, ...udp]
    const certificates = new Set<string>()
    let answered = 0

    for (let round = 1; round <= RELOADS; round++) {
      const minutes = 10 + round
      await writeFile(
        join(folder, 'c.yaml'),
        round % 2 === 0 ? odd(`${minutes}m`) : even(`${minutes}m`),
      )
      const done = new AbortController()
      const load = announcers.map(async (announce) => {
        for (let count = 0; !done.signal.aborted || count < 3; count++) {
          if (count > MOST_REQUESTS) throw new Error('the tracker does not reload')
          await announce()
          answered++
        }
      })
      await Promise.all([
        reload(chihaya, round % 2 === 0 ? 'SIGHUP' : 'SIGUSR1').finally(() => done.abort()),
        ...load,
      ])
      const told = await Promise.all(announcers.map((announce) => announce()))
      expect(new Set(told)).toEqual(new Set([minutes * 60]))
      certificates.add(await certificateAt(httpsPort))
    }
    expect(certificates.size).toBe(2)
    expect(answered).toBeGreaterThan(RELOADS * announcers.length)
    // All announced peers, and the one that asks.
    expect(await incomplete(port)).toBe(announcers.length + 1)
    expect(chihaya.stderr).toBe('')
    const closed = (): string[] =>
      [
        ...chihaya.stdout.matchAll(
          /the (\w+) tracker no longer listens \{"address":"127\.0\.0\.2"/g,
        ),
      ].map((match) => match[1] ?? '')
    await expect.poll(() => closed().length).toBe(10)
    expect(closed().toSorted()).toEqual([
      ...Array<string>(5).fill('HTTP'),
      ...Array<string>(5).fill('UDP'),
    ])
    expect(chihaya.stdout).not.toMatch(/ERROR|failed/)
    expect(chihaya.stdout).toMatch(
      /the configuration is reloaded \{"changed":\[.*"chihaya\.announce_interval".*"chihaya\.http\.addr"/,
    )
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
  })

  it('loses none of the pending reports of a middleware', async () => {
    const folder = await temporaryFolder({
      'accounting.mjs': ACCOUNTING,
      'c.yaml': `chihaya:
  http: { addr: "127.0.0.1:0" }
  prehooks: [{ name: ./accounting.mjs, options: { file: deltas.txt } }]
`,
    })
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const port = await chihaya.port('HTTP')
    const announce = (own: number): Promise<unknown> => httpAnnouncer(port, own, false)()
    await Promise.all([2001, 2002, 2003].map(announce))
    await reload(chihaya, 'SIGHUP')
    await Promise.all([2004, 2005].map(announce))
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    const deltas = await readFile(join(folder, 'deltas.txt'), 'utf8')
    expect(deltas.trim().split('\n').toSorted()).toEqual(['2001', '2002', '2003', '2004', '2005'])
  })

  it('keeps the lasting objects of a third-party plugin', async () => {
    const config = (database: string, interval = '30m', failing = ''): string => `chihaya:
  announce_interval: ${interval}
  http: { addr: "127.0.0.1:0" }
  prehooks: [{ name: ./users.mjs, options: { database: ${database} } }${failing}]
`
    const folder = await temporaryFolder({
      'users.mjs': USERS,
      'bad.mjs': FAILING_HOOK,
      'c.yaml': config('one'),
    })
    await mkdir(join(folder, 'node_modules/@chihaya'), { recursive: true })
    await symlink(
      fileURLToPath(new URL('../node_modules/@chihaya/core', import.meta.url)),
      join(folder, 'node_modules/@chihaya/core'),
    )
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const port = await chihaya.port('HTTP')
    const announce = async (): Promise<unknown> => {
      const response = await fetch(`http://127.0.0.1:${port}${announcePath({ port: 1000 })}`)
      const answer = decode(new Uint8Array(await response.arrayBuffer()))
      return Buffer.from(answer['warning message'] as unknown as Uint8Array).toString()
    }
    const apply = async (text: string): Promise<void> => {
      await writeFile(join(folder, 'c.yaml'), text)
      await reload(chihaya, 'SIGHUP')
    }
    const said = async (): Promise<string> =>
      readFile(join(folder, 'users.txt'), 'utf8').catch(() => '')
    expect(await announce()).toBe('one 1')
    await apply(config('one', '20m'))
    expect(await announce()).toBe('one 2')
    await writeFile(join(folder, 'c.yaml'), config('two', '20m', ', { name: ./bad.mjs }'))
    chihaya.signal('SIGHUP')
    await chihaya.line(/the configuration is not reloaded/)
    expect(await announce()).toBe('one 3')
    await expect.poll(said).toBe('middleware closes\nmiddleware closes\ntwo closes after 0\n')
    await apply(config('two'))
    expect(await announce()).toBe('two 1')
    await expect.poll(said).toMatch(/middleware closes\none closes after 3\n$/)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(await said()).toMatch(/\nmiddleware closes\ntwo closes after 1\n$/)
  })

  it('serves the new certificate if only its files have changed', async () => {
    const folder = await temporaryFolder({ 'c.yaml': odd('10m') })
    await makeCertificate(folder, 'one')
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const port = await chihaya.port('HTTPS')
    const before = await certificateAt(port)
    await reload(chihaya, 'SIGHUP')
    expect(await certificateAt(port)).toBe(before)
    await makeCertificate(folder, 'one')
    await reload(chihaya, 'SIGHUP')
    expect(await certificateAt(port)).not.toBe(before)
    expect(chihaya.stdout.match(/the HTTPS tracker has another certificate/g)).toHaveLength(1)
  })
})

describe('a failed reload', () => {
  it(
    'is reported as at the start, changes nothing, and may be repeated',
    { timeout: 60_000 },
    async () => {
      const folder = await temporaryFolder({
        'c.yaml': 'chihaya: { http: { addr: "127.0.0.1:0" } }',
        'bad.mjs': FAILING_HOOK,
      })
      const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
      const other = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
      const port = await chihaya.port('HTTP')
      const taken = await other.port('HTTP')
      const announce = httpAnnouncer(port, 2000, false)
      const descriptors = async (): Promise<number> =>
        (await readdir(`/proc/${chihaya.process.pid}/fd`)).length
      const before = await descriptors()
      const attempts: Array<[text: string, reason: string]> = [
        [
          'chihaya: { http: { addr: "127.0.0.1:0", max_numwnat: 1 } }',
          'chihaya.http.max_numwnat is not a known key',
        ],
        ['chihaya: { http: { addr: "127.0.0.1:0" }, announce_interval: 20m', 'c.yaml:1:'],
        [
          'chihaya: { http: { addr: "127.0.0.1:0" }, announce_interval: 20m, prehooks: [{ name: ./bad.mjs }] }',
          'chihaya: prehooks[0]: the keys are unavailable\n',
        ],
        [
          `chihaya: { http: { addr: ["127.0.0.1:0", "127.0.0.1:${taken}"] }, udp: { addr: "127.0.0.1:0" }, announce_interval: 20m }`,
          `chihaya: chihaya.http.addr[1]: cannot listen on http 127.0.0.1:${taken}: the port is in use\n`,
        ],
      ]
      for (const [index, [text, reason]] of attempts.entries()) {
        await writeFile(join(folder, 'c.yaml'), text)
        chihaya.signal('SIGHUP')
        await chihaya.line(
          new RegExp(`(?:ERROR: the configuration is not reloaded[^]*){${index + 1}}`),
        )
        expect(chihaya.stderr).toContain(reason)
        expect(await announce()).toBe(1800)
      }
      await expect.poll(descriptors).toBeLessThanOrEqual(before)
      await writeFile(
        join(folder, 'c.yaml'),
        'chihaya: { http: { addr: "127.0.0.1:0" }, announce_interval: 20m }',
      )
      await reload(chihaya, 'SIGHUP')
      expect(await announce()).toBe(1200)
      chihaya.signal('SIGTERM')
      expect(await chihaya.exitCode()).toBe(0)
    },
  )

  it('names the tracker itself as the user of the port', async () => {
    const folder = await temporaryFolder({ 'c.yaml': 'chihaya: { http: { addr: "127.0.0.1:0" } }' })
    const first = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const port = await first.port('HTTP')
    first.signal('SIGTERM')
    await first.exitCode()
    await writeFile(join(folder, 'c.yaml'), `chihaya: { http: { addr: "127.0.0.1:${port}" } }`)
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    await chihaya.port('HTTP')
    await writeFile(join(folder, 'c.yaml'), `chihaya: { http: { addr: ":${port}" } }`)
    chihaya.signal('SIGUSR1')
    await chihaya.line(/the configuration is not reloaded/)
    expect(chihaya.stderr).toContain(
      `cannot listen on http :${port}: the port is in use by this tracker itself, on http 127.0.0.1:${port}; restart it, or choose another port`,
    )
  })

  it('does not change the store, and warns of that', async () => {
    const folder = await temporaryFolder({ 'c.yaml': 'chihaya: { http: { addr: "127.0.0.1:0" } }' })
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const announce = httpAnnouncer(await chihaya.port('HTTP'), 2000, false)
    await announce()
    await writeFile(
      join(folder, 'c.yaml'),
      'chihaya: { http: { addr: "127.0.0.1:0" }, announce_interval: 20m, storage: { name: memory, config: { max_swarms: 1 } } }',
    )
    await reload(chihaya, 'SIGHUP')
    expect(chihaya.stdout).toContain(
      'chihaya.storage has changed, which takes effect at the next start',
    )
    expect(await announce()).toBe(1200)
    expect(await incomplete(await chihaya.port('HTTP'))).toBe(2)
  })
})

describe('chihaya in a storm of signals', () => {
  it('reloads for the last one, answers, and stops on demand', async () => {
    const folder = await temporaryFolder({ 'c.yaml': 'chihaya: { http: { addr: "127.0.0.1:0" } }' })
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const announce = httpAnnouncer(await chihaya.port('HTTP'), 2000, false)
    for (let round = 0; round < 100; round++) chihaya.signal(round % 2 === 0 ? 'SIGUSR1' : 'SIGHUP')
    // Atomically, as a reload may read the file at any time.
    await writeFile(
      join(folder, 'new.yaml'),
      'chihaya: { http: { addr: "127.0.0.1:0" }, announce_interval: 20m }',
    )
    await rename(join(folder, 'new.yaml'), join(folder, 'c.yaml'))
    chihaya.signal('SIGUSR1')
    await expect.poll(announce, { timeout: 20_000 }).toBe(1200)
    for (let round = 0; round < 100; round++) chihaya.signal('SIGUSR1')
    expect(await announce()).toBe(1200)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(chihaya.stderr).toBe('')
    expect(reloads(chihaya)).toBeLessThan(201)
  })
})

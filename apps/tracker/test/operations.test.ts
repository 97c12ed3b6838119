import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { httpAnnouncer, udpAnnouncer } from './announce-load.ts'
import { Chihaya } from './chihaya-process.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const LISTENS = /the HTTP admin server listens \{"address":"([^"]+)","port":(\d+)/g
const PATHS = ['/metrics', '/healthz', '/readyz', '/stats', '/stats.json']
const NO_METRICS = /WARN: the default of chihaya\.metrics_addr: .*; there are no metrics/

// A hook that waits for a file before it starts and before it answers, and logs each call.
const SLOW_HOOK = `import { existsSync, writeFileSync } from 'node:fs'
const until = async (path) => { while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10)) }
export default async (fastify, { folder }) => {
  await until(folder + '/start')
  fastify.tracker.addHook('preAnnounce', () => {
    writeFileSync(folder + '/asked', '')
    return until(folder + '/answer')
  })
}`

interface Operations {
  readonly chihaya: Chihaya
  /** The folder of its configuration. */
  readonly folder: string
  /** Address of the admin server; '' for none. */
  readonly url: string
  readonly reload: (lines: readonly string[]) => Promise<void>
}

function configOf(lines: readonly string[]): string {
  return ['chihaya:', ...lines.map((line) => `  ${line}`), ''].join('\n')
}

function operationsUrls({ stdout }: Chihaya): string[] {
  return [...stdout.matchAll(LISTENS)].map(
    ([, address, port]) => `http://${address ?? ''}:${port ?? ''}`,
  )
}

async function start(
  lines: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<Operations> {
  const folder = await temporaryFolder({ ...files, 'c.yaml': configOf(lines) })
  const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
  await chihaya.line(/admin server listens|there are no metrics|tracker listens/)
  const [url = ''] = operationsUrls(chihaya)
  let reloads = 0
  const reload = async (changed: readonly string[]): Promise<void> => {
    await writeFile(join(folder, 'c.yaml'), configOf(changed))
    chihaya.signal('SIGHUP')
    await chihaya.line(new RegExp(`(?:the configuration is reloaded[^]*){${++reloads}}`))
  }
  return { chihaya, folder, url, reload }
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url)
  await response.arrayBuffer()
  return response.status
}

async function readiness(url: string): Promise<{ code: number; status: unknown }> {
  const response = await fetch(`${url}/readyz`)
  const { status } = (await response.json()) as { status: unknown }
  return { code: response.status, status }
}

/** The sum of a metric's series that match. */
async function metric(url: string, pattern: RegExp): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return text
    .split('\n')
    .filter((line) => pattern.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

const HTTP = 'http: { addr: "127.0.0.1:0" }'
const OWN = 'metrics_addr: "127.0.0.1:0"'

describe('the admin server', () => {
  it('listens at a loopback address by default, or the log says why not', async () => {
    const { chihaya, url } = await start([HTTP])
    const port = await chihaya.port('HTTP')
    // Another tracker, such as that of another test, may have the port.
    if (url === '') expect(chihaya.stdout).toMatch(NO_METRICS)
    else expect(url).toBe('http://127.0.0.1:6880')
    expect(await httpAnnouncer(port, 2000, false)()).toBe(1800)
  })

  it('serves metrics, health and statistics, unlike the addresses of the tracker', async () => {
    const { chihaya, url } = await start([HTTP, OWN])
    const tracker = `http://127.0.0.1:${await chihaya.port('HTTP')}`
    for (const path of PATHS) {
      expect([path, await statusOf(url + path), await statusOf(tracker + path)]).toEqual([
        path,
        200,
        404,
      ])
    }
    expect(await statusOf(`${url}/announce`)).toBe(404)
  })

  it('serves torrents, and statistics to other origins, after a reload that enables them', async () => {
    const { chihaya, url, reload } = await start([HTTP, OWN])
    const announce = httpAnnouncer(await chihaya.port('HTTP'), 2000, false)
    await announce()
    const origin = { headers: { origin: 'https://example.org' } }
    const allowed = async () =>
      (await fetch(`${url}/stats.json`, origin)).headers.get('access-control-allow-origin')
    const codes = () =>
      Promise.all(
        [`/torrents/${'0'.repeat(40)}.json`, '/torrents.json'].map((path) => statusOf(url + path)),
      )
    expect([await codes(), await allowed()]).toEqual([[404, 404], null])
    const before = await metric(url, /^chihaya_requests_total/)
    await reload([HTTP, OWN, 'metrics_torrents: true', 'stats_origins: [https://example.org]'])
    const unknown = await fetch(`${url}/torrents/${'0'.repeat(40)}.json`)
    expect([unknown.status, await unknown.json()]).toEqual([404, { error: 'unknown torrent' }])
    expect(await statusOf(`${url}/torrents/x.json`)).toBe(400)
    expect([200, 501]).toContain(await statusOf(`${url}/torrents.json`))
    expect(await allowed()).toBe('https://example.org')
    await announce()
    expect(await metric(url, /^chihaya_requests_total/)).toBe(before + 1)
    await reload([HTTP, OWN])
    expect([await codes(), await allowed()]).toEqual([[404, 404], null])
  })

  it('is off with ""', async () => {
    const { chihaya } = await start([HTTP, 'metrics_addr: ""'])
    await chihaya.port('HTTP')
    expect(operationsUrls(chihaya)).toEqual([])
    expect(chihaya.stdout).not.toContain('there are no metrics')
  })

  it('prevents a start if its configured address is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const folder = await temporaryFolder({
      'c.yaml': configOf([HTTP, `metrics_addr: "127.0.0.1:${port}"`]),
    })
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stderr).toBe(
      `chihaya: chihaya.metrics_addr: cannot listen on http 127.0.0.1:${port}: the port is in use\n`,
    )
  })

  it('skips its default address if the configuration uses that for HTTP', async () => {
    const folder = await temporaryFolder({
      'c.yaml': configOf(['http: { addr: "127.0.0.1:6880" }']),
    })
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    await chihaya.line(
      /default of chihaya\.metrics_addr: chihaya\.http\.addr has the port; there are no metrics/,
    )
  })
})

describe('statistics for everybody', () => {
  it('are served at the addresses of the tracker, without the other routes', async () => {
    const { chihaya } = await start([
      'http: { addr: "127.0.0.1:0", stats: true }',
      'metrics_addr: ""',
    ])
    const port = await chihaya.port('HTTP')
    await httpAnnouncer(port, 2000, false)()
    const tracker = `http://127.0.0.1:${port}`
    const codes = await Promise.all(
      PATHS.map(async (path) => [path, await statusOf(tracker + path)]),
    )
    expect(Object.fromEntries(codes)).toEqual({
      '/metrics': 404,
      '/healthz': 404,
      '/readyz': 404,
      '/stats': 200,
      '/stats.json': 200,
    })
    const stats = (await (await fetch(`${tracker}/stats.json`)).json()) as {
      requests: { total: { answered: number } }
    }
    expect(stats.requests.total.answered).toBeGreaterThanOrEqual(1)
  })
})

describe('a reload', () => {
  it('resets no counter', async () => {
    const { chihaya, url, reload } = await start([HTTP, 'udp: { addr: "127.0.0.1:0" }', OWN])
    const http = httpAnnouncer(await chihaya.port('HTTP'), 2000, false)
    const udp = await udpAnnouncer(await chihaya.port('UDP'), 3000)
    const counted = (): Promise<number> =>
      metric(url, /^chihaya_requests_total\{.*action="announce"/)
    for (const announce of [http, http, udp]) await announce()
    expect(await counted()).toBe(3)
    for (const interval of ['20m', '21m']) {
      await reload([HTTP, 'udp: { addr: "127.0.0.1:0" }', OWN, `announce_interval: ${interval}`])
      for (const announce of [http, udp]) await announce()
    }
    expect(await counted()).toBe(7)
    expect(operationsUrls(chihaya)).toEqual([url])
    expect(await metric(url, /^chihaya_storage_leechers_count/)).toBe(2)
  })

  it('moves the server to another address, or closes it, and keeps the counts', async () => {
    const { chihaya, url, reload } = await start([HTTP, OWN])
    const announce = httpAnnouncer(await chihaya.port('HTTP'), 2000, false)
    await announce()
    const port = await freePort()
    await reload([HTTP, `metrics_addr: "127.0.0.1:${port}"`])
    await chihaya.line(/the HTTP admin server no longer listens/)
    await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed')
    const moved = `http://127.0.0.1:${port}`
    expect(await metric(moved, /^chihaya_requests_total\{.*action="announce"/)).toBe(1)
    await reload([HTTP, 'metrics_addr: ""'])
    await chihaya.line(/(?:admin server no longer listens[^]*){2}/)
    await expect(fetch(`${moved}/healthz`)).rejects.toThrow('fetch failed')
    expect(await announce()).toBe(1800)
  })

  it('changes nothing if the new address is taken', async () => {
    const { chihaya, folder, url } = await start([HTTP, OWN])
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await writeFile(join(folder, 'c.yaml'), configOf([HTTP, `metrics_addr: "127.0.0.1:${port}"`]))
    chihaya.signal('SIGHUP')
    await chihaya.line(/the configuration is not reloaded/)
    expect(await readiness(url)).toEqual({ code: 200, status: 'ready' })
  })

  it('measures hooks only while request timing is on', async () => {
    const hook = 'prehooks: [{ name: client approval, options: { blacklist: [OP1011] } }]'
    const { chihaya, url, reload } = await start([HTTP, OWN, hook])
    const announce = httpAnnouncer(await chihaya.port('HTTP'), 2000, false)
    const measured = (): Promise<number> => metric(url, /^chihaya_hook_duration_milliseconds_count/)
    await announce()
    expect(await measured()).toBe(0)
    const timed = 'http: { addr: "127.0.0.1:0", enable_request_timing: true }'
    for (let round = 0; round < 2; round++) {
      await reload([timed, OWN, hook, `announce_interval: ${20 + round}m`])
      await announce()
    }
    expect(await measured()).toBe(2)
    await reload([HTTP, OWN, hook])
    await announce()
    expect(await measured()).toBe(2)
    expect(await metric(url, /^chihaya_http_response_duration_milliseconds_count/)).toBe(2)
  })
})

describe('readiness', () => {
  it('answers while the tracker starts, reloads and stops', { timeout: 60_000 }, async () => {
    const folder = await temporaryFolder({ 'hook.mjs': SLOW_HOOK })
    const lines = [HTTP, OWN, `prehooks: [{ name: ./hook.mjs, options: { folder: "${folder}" } }]`]
    await writeFile(join(folder, 'c.yaml'), configOf(lines))
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    await chihaya.line(/admin server listens/)
    const [url = ''] = operationsUrls(chihaya)
    expect(await readiness(url)).toEqual({ code: 503, status: 'starting' })
    expect([
      await statusOf(`${url}/healthz`),
      await statusOf(`${url}/metrics`),
      await statusOf(`${url}/stats`),
    ]).toEqual([200, 200, 200])

    await writeFile(join(folder, 'start'), '')
    const port = await chihaya.port('HTTP')
    await expect.poll(() => readiness(url)).toEqual({ code: 200, status: 'ready' })

    const announced = httpAnnouncer(port, 2000, false)()
    await expect.poll(() => existsSync(join(folder, 'asked'))).toBe(true)
    chihaya.signal('SIGHUP')
    await chihaya.line(/the configuration is reloaded/)
    expect(await readiness(url)).toEqual({ code: 200, status: 'ready' })

    chihaya.signal('SIGTERM')
    await expect.poll(() => readiness(url)).toEqual({ code: 503, status: 'closing' })
    expect(await statusOf(`${url}/healthz`)).toBe(200)
    await writeFile(join(folder, 'answer'), '')
    expect(await announced).toBe(1800)
    expect(await chihaya.exitCode()).toBe(0)
  })
})

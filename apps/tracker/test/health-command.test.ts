import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { Chihaya } from './chihaya-process.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function health(
  folder: string,
  args: readonly string[] = ['c.yaml'],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const command = new Chihaya(['health', ...args], { cwd: folder, env })
  return { code: await command.exitCode(), stdout: command.stdout, stderr: command.stderr }
}

/** Starts a tracker with these lines below `chihaya`. @returns its configuration's folder. */
async function serving(lines: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const folder = await temporaryFolder({ 'c.yaml': configOf(lines) })
  await makeCertificate(folder, 'cert')
  const tracker = new Chihaya(['--config', 'c.yaml'], { cwd: folder, env })
  await tracker.line(/tracker listens[^]*(admin server listens|tracker listens)|tracker listens/)
  return folder
}

function configOf(lines: readonly string[]): string {
  return ['chihaya:', ...lines.map((line) => `  ${line}`), ''].join('\n')
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A server that passes each connection to `does`. */
function serverThat(does: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()))
  return listening(
    createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      does(socket)
    }),
  )
}

describe('chihaya health', () => {
  it('asks at the metrics address of the configuration', async () => {
    const port = await freePort()
    const folder = await serving([`metrics_addr: ":${port}"`, 'http: { addr: "127.0.0.1:0" }'])
    expect(await health(folder)).toEqual({ code: 0, stdout: `:${port}/healthz: ok\n`, stderr: '' })
    expect(await health(folder, ['--config', 'c.yaml', '--ready'])).toEqual({
      code: 0,
      stdout: `:${port}/readyz: ok\n`,
      stderr: '',
    })
  })

  it('asks at the metrics address of the environment', async () => {
    const env = { CHIHAYA_METRICS_ADDR: `[::1]:${await freePort()}` }
    const folder = await serving(['metrics_addr: ":1"', 'http: { addr: "127.0.0.1:0" }'], env)
    expect(await health(folder, ['c.yaml'], env)).toMatchObject({ code: 0, stderr: '' })
    expect(await health(folder)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^chihaya: :1\/healthz: /),
    })
  })

  it.each<[what: string, lines: (port: number) => string[], asked: RegExp]>([
    [
      'HTTP',
      (port) => [`http: { addr: "127.0.0.1:${port}" }`, 'udp: { addr: "127.0.0.1:0" }'],
      /^127\.0\.0\.1:\d+: ok\n$/,
    ],
    ['every address of HTTP', (port) => [`http: { addr: ":${port}" }`], /^:\d+: ok\n$/],
    [
      'HTTPS',
      (port) => [
        `http: { https_addr: "127.0.0.1:${port}", tls_cert_path: cert.pem, tls_key_path: cert.key }`,
      ],
      /^127\.0\.0\.1:\d+: ok\n$/,
    ],
    [
      'UDP, without HTTP',
      (port) => [`udp: { addr: "127.0.0.1:${port}" }`],
      /^udp 127\.0\.0\.1:\d+: ok\n$/,
    ],
    ['UDP over IPv6', (port) => [`udp: { addr: "[::1]:${port}" }`], /^udp \[::1\]:\d+: ok\n$/],
  ])('accepts an answer over %s if there are no metrics', async (_what, lines, asked) => {
    const folder = await serving(['metrics_addr: ""', ...lines(await freePort())])
    expect(await health(folder)).toEqual({
      code: 0,
      stdout: expect.stringMatching(asked),
      stderr: '',
    })
  })

  it('asks at Unix sockets', async () => {
    const socket = join(await temporaryFolder({}), 'http.sock')
    const folder = await serving([
      'metrics_addr: ""',
      `http: { addr: "unix:${socket}", real_ip_header: x-real-ip }`,
    ])
    expect(await health(folder)).toEqual({ code: 0, stdout: `unix:${socket}: ok\n`, stderr: '' })
  })

  it('asks the tracker if another process has the default metrics address', async () => {
    const port = await freePort()
    const folder = await serving(['metrics_addr: ""', `http: { addr: "127.0.0.1:${port}" }`])
    // Another process may listen on port 6880 of this machine.
    await writeFile(join(folder, 'd.yaml'), configOf([`http: { addr: "127.0.0.1:${port}" }`]))
    expect(await health(folder, ['d.yaml'])).toMatchObject({ code: 0, stderr: '' })
  })

  it('fails if the port is closed, over HTTP or UDP', async () => {
    const port = await freePort()
    const lines = (kind: string) =>
      configOf(['metrics_addr: ""', `${kind}: { addr: "127.0.0.1:${port}" }`])
    const folder = await temporaryFolder({ 'http.yaml': lines('http'), 'udp.yaml': lines('udp') })
    for (const kind of ['http', 'udp']) {
      // oxlint-disable-next-line no-await-in-loop
      const { code, stdout, stderr } = await health(folder, [`${kind}.yaml`, '--timeout', '5s'])
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(new RegExp(`^chihaya: (udp )?127\\.0\\.0\\.1:${port}: .*ECONNREFUSED`))
    }
  })

  it('fails without an answer in time', async () => {
    const port = await serverThat(() => undefined)
    const folder = await temporaryFolder({
      'metrics.yaml': configOf([`metrics_addr: "127.0.0.1:${port}"`, 'udp: { addr: ":1" }']),
      'http.yaml': configOf(['metrics_addr: ""', `http: { addr: "127.0.0.1:${port}" }`]),
    })
    for (const name of ['metrics', 'http']) {
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await health(folder, [`${name}.yaml`, '--timeout', '300ms'])
      expect(outcome).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/: no answer within 0\.3 s\n$/),
      })
    }
  })

  it('accepts a connection that the tracker closes, as it does when full', async () => {
    const port = await serverThat((socket) => socket.resetAndDestroy())
    const folder = await temporaryFolder({
      'c.yaml': configOf(['metrics_addr: ""', `http: { addr: "127.0.0.1:${port}" }`]),
    })
    expect(await health(folder)).toMatchObject({ code: 0, stderr: '' })
  })

  it('reports why the tracker is not ready', async () => {
    const body = '{"status":"not ready","checks":{"store":"no answer in time"}}'
    const stub = createHttpServer((request, response) =>
      response.writeHead(request.url === '/healthz' ? 200 : 503).end(body),
    )
    const port = await listening(stub)
    const folder = await temporaryFolder({
      'c.yaml': configOf([`metrics_addr: "127.0.0.1:${port}"`, 'udp: { addr: ":1" }']),
    })
    expect((await health(folder)).code).toBe(0)
    expect(await health(folder, ['c.yaml', '--ready'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `chihaya: 127.0.0.1:${port}/readyz: HTTP status 503: ${body}\n`,
    })
  })

  it('reports that there is no address to ask', async () => {
    const folder = await temporaryFolder({
      'c.yaml': configOf(['metrics_addr: ""', 'udp: { addr: ":0" }']),
      'd.yaml': 'chihaya: [',
    })
    expect(await health(folder)).toMatchObject({
      code: 1,
      stderr: 'chihaya: the tracker: every port is 0, so there is no known address to ask\n',
    })
    const { stderr } = await health(folder, ['d.yaml'])
    expect(stderr).toMatch(
      /^chihaya: the configuration cannot be used, asking the default address: d\.yaml:1:\d+: /,
    )
  })

  it.each([
    [['--timeout', 'soon'], '--timeout must be a duration above 0, such as 2s, not "soon"'],
    [['--timeout', '0s'], '--timeout must be a duration above 0, such as 2s, not "0s"'],
    [['a', 'b'], '"b" is too much: health takes one file'],
  ])('refuses the arguments %j', async (args, message) => {
    const { code, stderr } = await health('/', args)
    expect([code, stderr]).toEqual([2, `chihaya: ${message}\nTry chihaya --help.\n`])
  })
})

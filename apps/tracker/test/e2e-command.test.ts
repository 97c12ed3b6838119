import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const CONFIG = `chihaya:
  metrics_addr: ""
  http: { addr: ["127.0.0.1:0", "[::1]:0"], announce_routes: [/announce, "/:passkey/announce"] }
  udp: { addr: ["127.0.0.1:0", "[::1]:0"], private_key: x }
  prehooks:
  - name: ./gate.mjs
`
const GATE = `export default async (fastify) => fastify.tracker.addHook('preAnnounce', (request) => {
  console.log('event ' + request.event + ' ' + (request.params.get?.('k') ?? ''))
})`

async function test(
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const command = new Chihaya(['e2e', '--delay', '10ms', ...args])
  return { code: await command.exitCode(), stdout: command.stdout, stderr: command.stderr }
}

async function httpServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The other peers of a swarm, bencoded. */
interface Swarm {
  readonly compact: string
  readonly list: string
}

/** A tracker that sends the answer that `answer` makes from the swarm. */
function trackerThat(answer: (swarm: Swarm) => string): RequestListener {
  const ports = new Set<number>()
  return (request, response) => {
    const port = portOf(request.url)
    const others = [...ports].filter((each) => each !== port)
    const list = `l${others.map((each) => `d2:ip9:127.0.0.14:porti${each}ee`).join('')}e`
    response.end(Buffer.from(answer({ compact: compactPeers(others), list }), 'latin1'))
    if (isStopped(request.url)) ports.delete(port)
    else ports.add(port)
  }
}

/**
 * Answers like Chihaya v2: dictionary keys in the order of Go's maps; the announcer is stored after
 * the answer, and given itself if it is alone.
 */
function chihayaV2(turn: number): RequestListener {
  const ports = new Set<number>()
  return (request, response) => {
    const port = portOf(request.url)
    const others = [...ports].filter((each) => each !== port)
    const peers = others.length > 0 ? others : isStopped(request.url) ? [] : [port]
    const entries = [
      '12:min intervali900e',
      '8:completei0e',
      '8:intervali1800e',
      '10:incompletei1e',
    ]
    if (peers.length > 0) entries.push(`5:peers${compactPeers(peers)}`)
    const first = turn % entries.length
    response.end(
      Buffer.from(`d${[...entries.slice(first), ...entries.slice(0, first)].join('')}e`, 'latin1'),
    )
    if (isStopped(request.url)) ports.delete(port)
    else ports.add(port)
  }
}

function portOf(target = ''): number {
  return Number(new URLSearchParams(target.split('?', 2)[1]).get('port'))
}

function isStopped(target = ''): boolean {
  return target.includes('event=stopped')
}

function compactPeers(ports: readonly number[]): string {
  const peers = ports
    .map((port) => `\x7f\0\0\x01${String.fromCharCode(port >> 8, port & 255)}`)
    .join('')
  return `${peers.length}:${peers}`
}

/** A UDP tracker that answers announces with an error. */
async function grudgingUdp(): Promise<string> {
  const socket = createSocket('udp4')
  socket.on('message', (packet, { port, address }) => {
    const action = packet.readUInt32BE(8)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(action === 0 ? 0 : 3, 0)
    packet.copy(head, 4, 12, 16)
    socket.send(
      Buffer.concat([head, Buffer.from(action === 0 ? '12345678' : 'go away\0')]),
      port,
      address,
    )
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return `udp://127.0.0.1:${socket.address().port}`
}

describe('chihaya e2e', () => {
  it('succeeds with a working tracker, over IPv4 and IPv6, and leaves no peers', async () => {
    const folder = await temporaryFolder({ 'c.yaml': CONFIG, 'gate.mjs': GATE })
    const tracker = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const [http4, http6] = await tracker.ports('HTTP', 2)
    const [udp4, udp6] = await tracker.ports('UDP', 2)
    const ipv4 = await test(
      '--httpaddr',
      `http://127.0.0.1:${http4}/announce`,
      '--udpaddr',
      `udp://127.0.0.1:${udp4}`,
    )
    expect(ipv4).toEqual({
      code: 0,
      stdout: expect.stringContaining(
        `HTTP http://127.0.0.1:${http4}: the second peer was given the first\n`,
      ),
      stderr: '',
    })
    expect(ipv4.stdout).toContain(
      `UDP udp://127.0.0.1:${udp4}: the second peer was given the first\n`,
    )
    const ipv6 = await test(
      '--httpaddr',
      `http://[::1]:${http6}/hush/announce?k=v`,
      '--udpaddr',
      `udp://[::1]:${udp6}/announce?k=w`,
    )
    expect([ipv6.code, ipv6.stderr]).toEqual([0, ''])
    expect(ipv6.stdout).not.toContain('hush')
    await expect.poll(() => tracker.stdout.match(/^event stopped/gm)).toHaveLength(8)
    expect(tracker.stdout.match(/^event started/gm)).toHaveLength(8)
    expect(tracker.stdout).toMatch(/^event started v$/m)
    expect(tracker.stdout).toMatch(/^event started w$/m)
  })

  it("succeeds on the tracker's host if the tracker expects the header of any local proxy", async () => {
    const config = CONFIG.replace('/announce"] }', '/announce"], real_ip_header: x-real-ip }')
    const folder = await temporaryFolder({ 'c.yaml': config, 'gate.mjs': GATE })
    const tracker = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const [http4, http6] = await tracker.ports('HTTP', 2)
    for (const url of [`http://127.0.0.1:${http4}/announce`, `http://[::1]:${http6}/announce`]) {
      // One after the other.
      // oxlint-disable-next-line no-await-in-loop
      expect(await test('--httpaddr', url, '--udpaddr', '')).toMatchObject({ code: 0, stderr: '' })
    }
  })

  describe('reads answers as leniently as clients do', () => {
    it('of Chihaya v2: unsorted keys, and the announcer or no peers for an empty swarm', async () => {
      for (const turn of [0, 1, 2, 3]) {
        // oxlint-disable-next-line no-await-in-loop
        const url = await httpServer(chihayaV2(turn))
        // oxlint-disable-next-line no-await-in-loop
        expect(await test('--httpaddr', `${url}/announce`, '--udpaddr', '')).toEqual({
          code: 0,
          stdout:
            `HTTP ${url}: the second peer was given the first\n` +
            `HTTP ${url}: the keys of the answer are not sorted, as BEP 3 requires\n`,
          stderr: '',
        })
      }
    })

    it.each<[habit: string, answer: (swarm: Swarm) => string, remark: string]>([
      ['sorted keys', ({ compact }) => `d8:intervali9e5:peers${compact}e`, ''],
      [
        'a line end after the answer',
        ({ compact }) => `d8:intervali9e5:peers${compact}e\r\n`,
        'a line end follows the answer',
      ],
      ['peers as dictionaries', ({ list }) => `d8:intervali9e5:peers${list}e`, ''],
      ['peers in the list of IPv6', ({ list }) => `d8:intervali9e5:peers0:6:peers6${list}e`, ''],
      ['a warning', ({ compact }) => `d8:intervali9e5:peers${compact}15:warning message3:hmme`, ''],
      ['an unknown key', ({ compact }) => `d1:a${compact}8:intervali9e5:peers${compact}e`, ''],
    ])('with %s', async (_habit, answer, remark) => {
      const url = await httpServer(trackerThat(answer))
      const { code, stdout, stderr } = await test('--httpaddr', `${url}/announce`, '--udpaddr', '')
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout.split('\n').slice(1).join('')).toBe(remark && `HTTP ${url}: ${remark}`)
    })

    it('but refuses truncated answers and duplicate keys', async () => {
      const failing: Array<[(swarm: Swarm) => string, string]> = [
        [
          ({ compact }) => `d8:intervali9e5:peers${compact}`,
          "not a tracker's answer: the answer is not bencoded",
        ],
        [
          ({ compact }) => `d5:peers${compact}5:peers${compact}e`,
          "not a tracker's answer: the answer is not bencoded",
        ],
        [
          () => 'd8:intervali9e5:peers7:1234567e',
          "not a tracker's answer: the list of peers is truncated: 7 bytes of ipv4 peers",
        ],
        [() => 'd14:failure reason6:\u001b[31m\0e', 'the tracker refuses: \\u001b[31m'],
      ]
      for (const [answer, message] of failing) {
        // oxlint-disable-next-line no-await-in-loop
        const url = await httpServer(trackerThat(answer))
        // oxlint-disable-next-line no-await-in-loop
        const { code, stderr } = await test('--httpaddr', `${url}/announce`, '--udpaddr', '')
        expect([code, stderr]).toEqual([1, `chihaya: HTTP ${url}: ${message}\n`])
      }
    })
  })

  it('fails if the second peer is not given the first', async () => {
    const url = await httpServer(
      (_request, response) => void response.end('d8:intervali1800e5:peers0:e'),
    )
    expect(await test('--httpaddr', `${url}/announce`, '--udpaddr', '')).toEqual({
      code: 1,
      stdout: '',
      stderr: `chihaya: HTTP ${url}: the second peer was given no peers, not the first\n`,
    })
  })

  it('fails if a tracker refuses, is missing, or is something else', async () => {
    const refusal = await httpServer(
      (_request, response) => void response.end('d14:failure reason2:noe'),
    )
    const none = await httpServer(
      (_request, response) => void response.writeHead(404).end('<html>'),
    )
    const refused = await test(
      '--httpaddr',
      `${refusal}/announce`,
      '--udpaddr',
      await grudgingUdp(),
    )
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/HTTP .*: the tracker refuses: no\n/)
    expect(refused.stderr).toMatch(/UDP .*: the tracker refuses: go away\n/)
    const missing = await test('--httpaddr', `${none}/announce`, '--udpaddr', 'udp://127.0.0.1:1')
    expect(missing.code).toBe(1)
    expect(missing.stderr).toMatch(/HTTP .*: not a tracker's answer: HTTP status 404\n/)
    expect(missing.stderr).toMatch(/UDP udp:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/)
    const gone = await test('--httpaddr', 'http://127.0.0.1:1/announce', '--udpaddr', '')
    expect(gone.stderr).toMatch(/HTTP http:\/\/127\.0\.0\.1:1: .+/)
  })

  it.each([
    [
      ['--httpaddr', '', '--udpaddr', ''],
      'there is no tracker to test: --httpaddr and --udpaddr are both empty',
    ],
    [
      ['--httpaddr', 'udp://x:1'],
      '--httpaddr must be a URL that begins with http:// or https://, not udp://x:1',
    ],
    [
      ['--httpaddr', '', '--udpaddr', '127.0.0.1:6969'],
      '--udpaddr must be a URL that begins with udp://, not 127.0.0.1:6969',
    ],
    [
      ['--httpaddr', '', '--udpaddr', 'udp://127.0.0.1'],
      '--udpaddr needs a port, as in udp://127.0.0.1:6969',
    ],
    [['--delay', 'soon'], '--delay: "soon" is not a duration'],
  ])('refuses the arguments %j', async (args, message) => {
    const { code, stderr } = await test(...args)
    expect(code).toBe(2)
    expect(stderr).toContain(`chihaya: ${message}`)
    expect(stderr).toContain('Try chihaya --help.')
  })
})

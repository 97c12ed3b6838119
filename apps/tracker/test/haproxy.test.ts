import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { Chihaya } from './chihaya-process.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const CLIENT = '127.0.0.9'
const ADDRESS_OF_CLIENT = '\x7f\0\0\x09'

/** Starts HAProxy in front of a server. Returns the port it listens on. */
async function haproxy(server: string, mode: 'tcp' | 'http'): Promise<number> {
  const port = await freePort()
  const lines = [
    `defaults\n  mode ${mode}\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s`,
    `listen tracker\n  bind 127.0.0.1:${port}\n  server tracker ${server}\n`,
  ]
  const folder = await temporaryFolder({ 'haproxy.cfg': lines.join('\n') })
  const proxy = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' })
  onTestFinished(async () => {
    proxy.kill('SIGKILL')
    await once(proxy, 'close')
  })
  await expect
    .poll(
      async () =>
        new Promise((resolve) =>
          connect(port, '127.0.0.1')
            .on('error', resolve)
            .on('connect', () => resolve('open')),
        ),
      {
        timeout: 10_000,
      },
    )
    .toBe('open')
  return port
}

/** The client address that the tracker reports for an announce, as bytes. */
async function announcedFrom(port: number, isTls: boolean): Promise<unknown> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: CLIENT })
  const createConnection = (): typeof socket =>
    isTls ? connectTls({ socket, rejectUnauthorized: false }) : socket
  const [response] = (await once(get({ path: announcePath(), createConnection }), 'response')) as [
    IncomingMessage,
  ]
  return decode(Buffer.concat(await response.toArray()))['external ip']
}

describe('behind HAProxy', () => {
  it('peers have the addresses of the clients, in every mode', async () => {
    const folder = await temporaryFolder({
      'c.yaml': `chihaya:
  metrics_addr: ''
  http:
    addr: ['127.0.0.1:0', 'unix:${join(await temporaryFolder(), 'http.sock')}']
    https_addr: '127.0.0.1:0'
    tls_cert_path: c.pem
    tls_key_path: c.key
    enable_keepalive: true
    proxy_protocol_from: [127.0.0.1, 'unix:']
`,
    })
    await makeCertificate(folder, 'c')
    const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
    const plain = `127.0.0.1:${await chihaya.port('HTTP')}`
    const secure = `127.0.0.1:${await chihaya.port('HTTPS')}`
    const [, path = ''] = await chihaya.line(/"path":"([^"]+)"/)
    const ways = [
      [`${plain} send-proxy`, 'tcp', false],
      [`${plain} send-proxy-v2`, 'tcp', false],
      [`${plain} send-proxy-v2 check inter 100`, 'http', false],
      [`unix@${path} send-proxy`, 'tcp', false],
      [`${secure} send-proxy`, 'tcp', true],
      [`${secure} send-proxy-v2`, 'tcp', true],
      [`${secure} send-proxy-v2 ssl verify none`, 'http', false],
    ] as const
    const announced = ways.map(async ([server, mode, isTls]) =>
      announcedFrom(await haproxy(server, mode), isTls),
    )
    expect(await Promise.all(announced)).toEqual(ways.map(() => ADDRESS_OF_CLIENT))
    // Without the header a connection is refused.
    expect((await fetch(`http://${plain}${announcePath()}`)).status).toBe(400)
    await chihaya.line(/a proxy in proxy_protocol_from does not begin a connection with a header/)
  })
})

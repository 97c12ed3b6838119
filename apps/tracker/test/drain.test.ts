import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { announcePath } from './announces.ts'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const TLS = 'tls_cert_path: c.pem, tls_key_path: c.key'
const REQUEST = `GET ${announcePath()} HTTP/1.1\r\n\r\n`
const QUEUED = 50

async function chihayaWith(http: string): Promise<{ chihaya: Chihaya; folder: string }> {
  const folder = await temporaryFolder({
    'chihaya.yaml': `chihaya: { metrics_addr: "", http: { ${http} } }`,
  })
  await makeCertificate(folder, 'c')
  return { chihaya: new Chihaya(['--config', 'chihaya.yaml'], { cwd: folder }), folder }
}

function open(port: number, isTls = false): Socket {
  const socket = isTls
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    : connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  return socket.on('error', () => undefined)
}

/** All bytes received until the connection ends. */
async function received(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => (text += part))
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return text
}

/** The status and the connection header of each answer. */
function outline(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+)[^]*?^connection: (\S+)/gim)].map(
    ([, status, connection]) => `${status} ${connection}`,
  )
}

/** Stops a process until it gets `SIGCONT`. */
async function stop(chihaya: Chihaya): Promise<void> {
  chihaya.signal('SIGSTOP')
  await expect
    .poll(() => readFileSync(`/proc/${chihaya.process.pid}/stat`, 'latin1'))
    .toMatch(/\) T /)
}

async function refused(port: number): Promise<unknown> {
  return new Promise((resolve) =>
    connect(port, '127.0.0.1')
      .on('error', resolve)
      .on('connect', () => resolve('connected')),
  )
}

describe('chihaya while it stops', () => {
  it.each([
    ['HTTP', 'addr: "127.0.0.1:0"'],
    ['HTTPS', `https_addr: "127.0.0.1:0", ${TLS}`],
  ] as const)(
    'answers the requests that have arrived over %s, on new and on kept connections',
    async (protocol, http) => {
      const { chihaya } = await chihayaWith(`${http}, enable_keepalive: true`)
      const port = await chihaya.port(protocol)
      const kept = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const socket = open(port, protocol === 'HTTPS')
          socket.write(REQUEST)
          await once(socket, 'data')
          return socket
        }),
      )
      await stop(chihaya)
      const sockets = Array.from({ length: QUEUED }, () => open(port, protocol === 'HTTPS'))
      // Over TLS only the handshake has arrived; the request follows it.
      await Promise.all(
        sockets.map((socket) => once(socket, protocol === 'HTTPS' ? 'connect' : 'ready')),
      )
      const answers = [...kept, ...sockets].map(async (socket) => {
        socket.write(REQUEST)
        return outline(await received(socket))
      })
      chihaya.signal('SIGTERM')
      chihaya.signal('SIGCONT')
      const outlines = await Promise.all(answers)
      // A few are answered before the signal is read.
      expect(outlines.map(([first]) => first?.slice(0, 4))).toEqual(answers.map(() => '200 '))
      expect(outlines.filter((lines) => lines.at(-1) === '200 close').length).toBeGreaterThan(
        QUEUED / 2,
      )
      await expect.poll(() => refused(port)).toMatchObject({ code: 'ECONNREFUSED' })
      expect(await chihaya.exitCode()).toBe(0)
    },
  )

  it('answers the first request of an accepted connection', async () => {
    const { chihaya } = await chihayaWith('addr: "127.0.0.1:0"')
    const port = await chihaya.port('HTTP')
    const socket = open(port)
    await once(socket, 'connect')
    await stop(chihaya)
    const answer = received(socket)
    socket.write(REQUEST)
    chihaya.signal('SIGTERM')
    chihaya.signal('SIGCONT')
    expect(outline(await answer)).toEqual(['200 close'])
  })
})

describe('a reload that drops an address', () => {
  it('answers the requests that have arrived there', async () => {
    const { chihaya, folder } = await chihayaWith(
      'addr: ["127.0.0.1:0", "127.0.0.2:0"], enable_keepalive: true',
    )
    const [kept = 0, port = 0] = await chihaya.ports('HTTP', 2)
    const at = (): Socket => {
      const socket = connect(port, '127.0.0.2').on('error', () => undefined)
      onTestFinished(() => void socket.destroy())
      return socket
    }
    await stop(chihaya)
    const sockets = Array.from({ length: QUEUED }, at)
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    const answers = sockets.map(async (socket) => {
      socket.write(REQUEST)
      return outline(await received(socket))
    })
    await writeFile(
      join(folder, 'new.yaml'),
      'chihaya: { metrics_addr: "", http: { addr: "127.0.0.1:0", enable_keepalive: true } }',
    )
    await rename(join(folder, 'new.yaml'), join(folder, 'chihaya.yaml'))
    chihaya.signal('SIGHUP')
    chihaya.signal('SIGCONT')
    const outlines = await Promise.all(answers)
    expect(outlines.every(([first]) => first?.startsWith('200 '))).toBe(true)
    await chihaya.line(/no longer listens/)
    expect(
      await new Promise((resolve) =>
        at()
          .on('error', resolve)
          .on('connect', () => resolve('connected')),
      ),
    ).toMatchObject({
      code: 'ECONNREFUSED',
    })
    expect((await fetch(`http://127.0.0.1:${kept}${announcePath()}`)).status).toBe(200)
  })
})

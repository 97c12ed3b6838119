import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { announcePath, decode } from './announces.ts'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

// A hook that logs the arrival of an announce, and continues after the signal to stop.
const SLOW = `export default async (fastify) => {
  fastify.tracker.addHook('preAnnounce', async () => {
    fastify.log.info('an announce waits')
    await new Promise((resolve) => process.once('SIGTERM', () => setTimeout(resolve, 300)))
  })
}`
const STUCK = `export default async (fastify) => {
  fastify.tracker.addHook('preAnnounce', () => {
    fastify.log.info('an announce waits')
    return new Promise(() => {})
  })
}`
const FAULTY = `export default async (fastify) => {
  fastify.tracker.addHook('preAnnounce', () => { setImmediate(() => { throw new Error('nobody catches this') }) })
}`

async function chihayaWith(hook: string, http = 'addr: "127.0.0.1:0"'): Promise<Chihaya> {
  const folder = await temporaryFolder({
    'hook.mjs': hook,
    'chihaya.yaml': `chihaya: { http: { ${http} }, prehooks: [{ name: ./hook.mjs }] }`,
  })
  return new Chihaya(['--config', 'chihaya.yaml'], { cwd: folder })
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

describe('a signal to stop', () => {
  it('ends a starting tracker at once', async () => {
    const chihaya = await chihayaWith(`export default (fastify) => {
      fastify.log.info('the hook starts')
      return new Promise((resolve) => setTimeout(resolve, 60_000))
    }`)
    await chihaya.line(/the hook starts/)
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(chihaya.stderr).toBe('')
  })

  it('lets pending replies be sent, and refuses new connections', async () => {
    const chihaya = await chihayaWith(SLOW)
    const port = await chihaya.port('HTTP')
    const response = fetch(`http://127.0.0.1:${port}${announcePath()}`)
    await chihaya.line(/an announce waits/)
    chihaya.signal('SIGTERM')
    await chihaya.line(/stopping on SIGTERM/)
    await expect
      .poll(async () => open(port).then(() => 'connected', String))
      .toMatch('ECONNREFUSED')
    expect(decode(new Uint8Array(await (await response).arrayBuffer()))).toMatchObject({
      incomplete: 1,
    })
    expect(await chihaya.exitCode()).toBe(0)
  })

  it('closes new and kept connections without a request', async () => {
    const chihaya = await chihayaWith(
      'export default async () => {}',
      'addr: "127.0.0.1:0", enable_keepalive: true, read_timeout: 1h, write_timeout: 1h, idle_timeout: 1h',
    )
    const port = await chihaya.port('HTTP')
    const fresh = await open(port)
    const kept = await open(port)
    kept.write(`GET ${announcePath()} HTTP/1.1\r\nHost: x\r\n\r\n`)
    const [reply] = (await once(kept, 'data')) as [Buffer]
    expect(reply.toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    const closed = Promise.all([once(fresh, 'close'), once(kept, 'close')])
    fresh.resume()
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    await closed
  })

  it('ends the tracker at once if it is the second', async () => {
    const chihaya = await chihayaWith(STUCK)
    const response = fetch(`http://127.0.0.1:${await chihaya.port('HTTP')}${announcePath()}`).catch(
      () => 'cut off',
    )
    await chihaya.line(/an announce waits/)
    chihaya.signal('SIGINT')
    await chihaya.line(/stopping on SIGINT/)
    chihaya.signal('SIGINT')
    expect(await chihaya.exitCode()).toBe(1)
    expect(await response).toBe('cut off')
  })
})

describe('an uncaught exception', () => {
  it('is logged, and ends the tracker with exit code 1', async () => {
    const chihaya = await chihayaWith(FAULTY)
    const response = fetch(`http://127.0.0.1:${await chihaya.port('HTTP')}${announcePath()}`)
    expect((await response).status).toBe(200)
    expect(await chihaya.exitCode()).toBe(1)
    expect(chihaya.stdout).toMatch(/FATAL: the tracker fails[^]*nobody catches this/)
  })
})

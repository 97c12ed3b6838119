import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { httpAnnouncer } from './announce-load.ts'
import { Chihaya } from './chihaya-process.ts'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const RELOADED = /the configuration is reloaded/
const PLUGIN = `import websocket from '@fastify/websocket'
export default async (fastify, { name }) => {
  await fastify.register(websocket)
  fastify.get('/socket', { websocket: true }, (socket) => {
    socket.on('message', (text) => socket.send(name + ': ' + text))
  })
  fastify.get('/plain', async () => name)
}`

/** A tracker with the plugin. */
async function start(): Promise<{ chihaya: Chihaya; folder: string; port: number }> {
  const folder = await temporaryFolder({
    'plugin.mjs': PLUGIN,
    'c.yaml': config('one', '\n  udp: { addr: "127.0.0.1:0" }'),
  })
  await mkdir(join(folder, 'node_modules/@fastify'), { recursive: true })
  await symlink(
    fileURLToPath(new URL('../node_modules/@fastify/websocket', import.meta.url)),
    join(folder, 'node_modules/@fastify/websocket'),
  )
  const chihaya = new Chihaya(['--config', 'c.yaml'], { cwd: folder })
  return { chihaya, folder, port: await chihaya.port('HTTP') }
}

function config(name: string, udp = ''): string {
  return `chihaya:
  http: { addr: "127.0.0.1:0" }${udp}
  prehooks: [{ name: ./plugin.mjs, options: { name: ${name} } }]
`
}

async function open(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`)
  onTestFinished(() => socket.close())
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  return socket
}

async function echo(socket: WebSocket): Promise<unknown> {
  const answer = new Promise<unknown>((resolve) => {
    socket.addEventListener('message', ({ data }) => resolve(data), { once: true })
  })
  socket.send('hello')
  return answer
}

async function plain(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/plain`)).text()
}

describe('chihaya with a plugin for WebSockets', () => {
  it('serves them beside everything else, and leaves them open when it reloads', async () => {
    const { chihaya, folder, port } = await start()
    const first = await open(port)
    expect([await echo(first), await plain(port)]).toEqual(['one: hello', 'one'])
    expect(await httpAnnouncer(port, 2000, false)()).toBe(1800)
    await writeFile(join(folder, 'c.yaml'), config('two'))
    chihaya.signal('SIGHUP')
    await chihaya.line(RELOADED)
    // Without waiting for the socket.
    await chihaya.line(/the UDP tracker no longer listens/)
    const second = await open(port)
    expect([await echo(first), await echo(second), await plain(port)]).toEqual([
      'one: hello',
      'two: hello',
      'two',
    ])
    const closed = [first, second].map(
      async (socket) =>
        new Promise<boolean>((resolve) => {
          socket.addEventListener('close', ({ wasClean }) => resolve(wasClean))
        }),
    )
    chihaya.signal('SIGTERM')
    expect(await chihaya.exitCode()).toBe(0)
    expect(await Promise.all(closed)).toEqual([true, true])
  })
})

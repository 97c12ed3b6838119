import Fastify from 'fastify'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpListeners, HttpService } from '@chihaya/listeners'
import { makeCertificate } from '@internal/test-tracker/certificate'
import { temporaryFolder } from '@internal/test-tracker/temporary-folder'

const HOST = '127.0.0.1'

interface Site {
  readonly service: HttpService
  /** Answers the requests to `/late`. */
  readonly release: () => void
}

async function site(name: string): Promise<Site> {
  const app = Fastify()
  let release: () => void = () => undefined
  const released = new Promise<void>((resolve) => void (release = resolve))
  app.get('/', async () => name)
  app.get('/late', async () => {
    await released
    return name
  })
  await app.ready()
  return { service: new HttpService(app), release }
}

function listening(log = pino({ level: 'silent' })): HttpListeners {
  const listeners = new HttpListeners({ log })
  onTestFinished(() => listeners.close())
  return listeners
}

const ports = (listeners: HttpListeners): number[] =>
  listeners.addresses().map((at) => (at as AddressInfo).port)

const ask = async (port: number | undefined, path = '/'): Promise<string> =>
  (await fetch(`http://${HOST}:${port}${path}`)).text()

const at = (host: string, port = 0): { address: { host: string; port: number } } => ({
  address: { host, port },
})

describe('listeners that are handed over', () => {
  it('serve the new application, and send the pending answers of the previous one', async () => {
    const listeners = listening()
    const [one, two] = [await site('one'), await site('two')]
    await listeners.serve({ listeners: [at(HOST)], service: one.service })
    const [port] = ports(listeners)
    const late = ask(port, '/late')
    await expect.poll(() => one.service.requests.count).toBe(1)
    await listeners.serve({ listeners: [at(HOST), at('127.0.0.2')], service: two.service })
    expect([ports(listeners)[0], await ask(port)]).toEqual([port, 'two'])
    const closed = one.service.close()
    one.release()
    expect(await late).toBe('one')
    await closed
    expect(await ask(port)).toBe('two')
  })

  it('do not change if a new address is taken, or the change is cancelled', async () => {
    const [listeners, others] = [listening(), listening()]
    const [one, two] = [await site('one'), await site('two')]
    await listeners.serve({ listeners: [at(HOST)], service: one.service })
    await others.serve({ listeners: [at(HOST)], service: two.service })
    const [port] = ports(listeners)
    const taken = at(HOST, ports(others)[0])
    await expect(
      listeners.serve({ listeners: [at(HOST), at(HOST), taken], service: two.service }),
    ).rejects.toThrow(/^cannot listen on http 127\.0\.0\.1:\d+: the port is in use$/)
    const change = await listeners.prepare({
      listeners: [at(HOST), at('127.0.0.2')],
      service: two.service,
    })
    await change.cancel()
    expect([ports(listeners), await ask(port)]).toEqual([[port], 'one'])
  })

  it('no longer listen at addresses that are not in the plan', async () => {
    const listeners = listening()
    const [one, two] = [await site('one'), await site('two')]
    await listeners.serve({ listeners: [at(HOST), at('127.0.0.2')], service: one.service })
    const [port] = ports(listeners)
    await listeners.serve({ listeners: [at('127.0.0.2')], service: two.service })
    await expect(ask(port)).rejects.toThrow('fetch failed')
    expect(ports(listeners)).toHaveLength(1)
  })

  it('stay as they are if an address that stays gets wrong options', async () => {
    const listeners = listening()
    const [one, two] = [await site('one'), await site('two')]
    await listeners.serve({ listeners: [at(HOST)], service: one.service })
    const [port] = ports(listeners)
    const wrong = [
      { listeners: [{ ...at(HOST), proxyProtocolFrom: ['no network'] }] },
      { listeners: [{ ...at(HOST), idleTimeout: 'long' as never }] },
      { listeners: [at(HOST)], limits: { unlimited: ['no network'] } },
    ]
    for (const plan of wrong) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(listeners.prepare({ ...plan, service: two.service })).rejects.toThrow(
        /no net|long/,
      )
    }
    expect(await ask(port)).toBe('one')
  })

  it('give a Unix socket other permissions, and keep its connections', async () => {
    const path = join(await temporaryFolder(), 'app.sock')
    const listeners = listening()
    const { service } = await site('one')
    const modes: number[] = []
    await listeners.serve({ listeners: [{ address: { path }, unixMode: 0o600 }], service })
    const socket = connectTcp(path)
    await once(socket, 'connect')
    modes.push((await stat(path)).mode & 0o777)
    await listeners.serve({ listeners: [{ address: { path }, unixMode: 0o666 }], service })
    modes.push((await stat(path)).mode & 0o777)
    await listeners.serve({ listeners: [{ address: { path } }], service })
    modes.push((await stat(path)).mode & 0o777)
    expect(modes).toEqual([0o600, 0o666, 0o660])
    socket.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(Buffer.concat((await socket.toArray()) as Buffer[]).toString()).toMatch(/one$/)
  })

  it('do not log the end of a Unix socket that another process has', async () => {
    const path = join(await temporaryFolder(), 'app.sock')
    const lines: string[] = []
    const log = pino({ base: null }, { write: (line) => void lines.push(line) })
    const [holder, listeners] = [listening(), listening(log)]
    const { service } = await site('one')
    await holder.serve({ listeners: [{ address: { path } }], service })
    await expect(listeners.serve({ listeners: [{ address: { path } }], service })).rejects.toThrow(
      /another process listens there/,
    )
    expect([lines, listeners.addresses()]).toEqual([[], []])
  })

  it('let clients resume TLS sessions as long as the certificate is the same', async () => {
    const folder = await temporaryFolder()
    await Promise.all(['one', 'two'].map((name) => makeCertificate(folder, name)))
    const [first, second] = await Promise.all(
      ['one', 'two'].map(async (name) => ({
        cert: await readFile(join(folder, `${name}.pem`)),
        key: await readFile(join(folder, `${name}.key`)),
      })),
    )
    const listeners = listening()
    const { service } = await site('one')
    const serve = async (tls: typeof first): Promise<void> =>
      listeners.serve({ listeners: [{ ...at(HOST), ...(tls && { tls }) }], service })
    const connect = async (session?: Buffer): Promise<TLSSocket> => {
      const [port = 0] = ports(listeners)
      const socket = connectTls({
        port,
        host: HOST,
        rejectUnauthorized: false,
        ...(session && { session }),
      })
      onTestFinished(() => void socket.destroy())
      if (session) await once(socket, 'secureConnect')
      return socket
    }
    await serve(first)
    const [session] = (await once(await connect(), 'session')) as [Buffer]
    await serve(first && { cert: Buffer.from(first.cert), key: Buffer.from(first.key) })
    const resumed = [(await connect(session)).isSessionReused()]
    await serve(second)
    resumed.push((await connect(session)).isSessionReused())
    expect(resumed).toEqual([true, false])
  })
})

import Fastify from 'fastify'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HttpListeners, HttpService } from '@chihaya/listeners'

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

function listening(): HttpListeners {
  const listeners = new HttpListeners({ log: pino({ level: 'silent' }) })
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
})

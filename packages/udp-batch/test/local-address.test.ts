import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { Batch, BatchSocket, BatchSocketOptions, LocalAddress } from '@chihaya/udp-batch'
import { describeBatches, echo, open } from './batches.ts'

const LOOPBACK = ['127.0.0.1', '127.0.0.2', '127.200.3.4']

/** Sends a request from a socket that receives from that address and port only. */
async function ask(question: string, port: number, address: string): Promise<string> {
  const client = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  onTestFinished(() => void client.close())
  client.connect(port, address)
  await once(client, 'connect')
  client.send(question)
  const [reply] = (await once(client, 'message')) as [Buffer]
  return reply.toString()
}

/** Echoes in a later turn of the event loop, from the address that was asked. */
function echoLater(options: Partial<BatchSocketOptions>): BatchSocket {
  const socket = open((batch) => {
    for (let index = 0; index < batch.count; index++) {
      const bytes = Buffer.from(batch.input.subarray(batch.start(index), batch.end(index)))
      const [address, port, scope] = [
        batch.address(index).slice(),
        batch.port(index),
        batch.scope(index),
      ]
      const local = batch.local(index)
      void nextTurn().then(() => socket.send(bytes, address, port, scope, local))
    }
  }, options)
  return socket
}

const WILDCARDS: Array<[address: string, ipv6Only: boolean, asked: string[]]> = [
  ['0.0.0.0', false, LOOPBACK],
  ['::', true, ['::1']],
  ['::', false, ['::1', ...LOOPBACK]],
  ['::ffff:0.0.0.0', false, LOOPBACK],
]

describeBatches('a socket that is bound to all addresses', () => {
  it.each(WILDCARDS)(
    'answers from the one that was asked: %s',
    async (address, ipv6Only, asked) => {
      const now = open(echo, { address, ipv6Only }).address()
      const later = echoLater({ address, ipv6Only }).address()
      for (const host of asked) {
        expect(await ask(`now ${host}`, now.port, host)).toBe(`now ${host}`)
        expect(await ask(`later ${host}`, later.port, host)).toBe(`later ${host}`)
      }
    },
  )

  it('answers many addresses in one batch', async () => {
    const socket = open(echo, { address: '0.0.0.0' })
    socket.pause()
    const hosts = Array.from({ length: 50 }, (_, index) => `127.0.${index}.9`)
    const replies = Promise.all(hosts.map((host) => ask(host, socket.address().port, host)))
    await nextTurn()
    socket.resume()
    expect(await replies).toEqual(hosts)
  })

  it('reports the address that was asked, as a copy', async () => {
    const locals: Array<LocalAddress | undefined> = []
    const note = (batch: Batch): void => {
      for (let index = 0; index < batch.count; index++) locals.push(batch.local(index))
      echo(batch)
    }
    const { port } = open(note, { address: '::' }).address()
    for (const host of ['127.0.0.2', '::1', '127.0.0.3']) await ask('x', port, host)
    expect(locals).toEqual([
      { address: Uint8Array.of(127, 0, 0, 2), scope: 0 },
      { address: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), scope: 0 },
      { address: Uint8Array.of(127, 0, 0, 3), scope: 0 },
    ])
  })

  it('sends from a chosen address, or lets the system choose', async () => {
    const socket = open(echo, { address: '0.0.0.0' })
    const client = createSocket('udp4')
    onTestFinished(() => void client.close())
    client.bind(0, '127.0.0.1')
    await once(client, 'listening')
    const from: string[] = []
    const arrived = new Promise<void>((resolve) => {
      client.on(
        'message',
        (_message, remote) => void (from.push(remote.address) === 3 && resolve()),
      )
    })
    const target = Uint8Array.of(127, 0, 0, 1)
    for (const local of [7, undefined, 8]) {
      const address =
        local === undefined ? undefined : { address: Uint8Array.of(127, 0, 0, local), scope: 0 }
      socket.send(Buffer.from('x'), target, client.address().port, 0, address)
    }
    await arrived
    expect(from).toEqual(['127.0.0.7', '127.0.0.1', '127.0.0.8'])
  })

  it('counts and reports datagrams with a source address that the host does not have', async () => {
    const errors: Array<string | undefined> = []
    const socket = open(echo, { address: '0.0.0.0', onError: ({ code }) => errors.push(code) })
    const target = Uint8Array.of(127, 0, 0, 1)
    socket.send(Buffer.from('x'), target, socket.address().port, 0, {
      address: Uint8Array.of(192, 0, 2, 1),
      scope: 0,
    })
    while (errors.length === 0) await nextTurn()
    expect(errors).toEqual([expect.stringMatching(/^E(INVAL|NETUNREACH)$/)])
    expect(socket.counters()).toMatchObject({ sent: 0, errors: 1 })
  })

  it('refuses to send from an address of the other family', () => {
    const socket = open(echo, { address: '::' })
    const ipv4 = Uint8Array.of(127, 0, 0, 1)
    const local = { address: new Uint8Array(16), scope: 0 }
    expect(() => socket.send(ipv4, ipv4, 1, 0, local)).toThrow(RangeError)
  })
})

describeBatches('a socket that is bound to one address', () => {
  it('reports no local address, and answers from its own', async () => {
    let local: LocalAddress | undefined = { address: new Uint8Array(), scope: 1 }
    const socket = open(
      (batch) => {
        local = batch.local(0)
        echo(batch)
      },
      { address: '127.0.0.2' },
    )
    expect(await ask('x', socket.address().port, '127.0.0.2')).toBe('x')
    expect(local).toBeUndefined()
  })
})

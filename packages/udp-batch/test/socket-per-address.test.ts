import { createSocket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { BatchSocket, type BatchSocketOptions } from '@chihaya/udp-batch'
import { ownAddresses } from '../src/own-addresses.ts'
import { describeBatches, echo, open } from './batches.ts'
import { DgramClient } from './dgram-client.ts'

const WILDCARD = { address: '0.0.0.0', socketPerAddress: true }
// The system serves all of 127.0.0.0/8, and lists only the first.
const ASKED = ['127.0.0.1', '127.0.0.2']

/** Binds a socket of Node. Resolves to the code of its error, or undefined. */
async function codeOfBind(
  port: number,
  address: string,
  options: Partial<SocketOptions>,
): Promise<string | undefined> {
  const socket = createSocket({ type: 'udp4', ...options })
  onTestFinished(() => void socket.close())
  socket.bind(port, address)
  try {
    await once(socket, 'listening')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

/** How many times the usual receive buffer a socket has: the number of sockets behind it. */
function countSockets(options: Partial<BatchSocketOptions>): number {
  const receiveBufferSize = 40_000
  return open(echo, { ...options, receiveBufferSize }).receiveBufferSize / (2 * receiveBufferSize)
}

describeBatches('a socket for each address of the host', () => {
  it('is opened beside the IPv4 wildcard only, unless the port is shared', () => {
    expect(ownAddresses()).toContain('127.0.0.1')
    expect(countSockets(WILDCARD)).toBe(1 + ownAddresses().length)
    expect(countSockets({ ...WILDCARD, socketPerAddress: false })).toBe(1)
    expect(countSockets({ ...WILDCARD, reusePort: true })).toBe(1)
    for (const address of ['127.0.0.1', '::', '::ffff:0.0.0.0'])
      expect(countSockets({ ...WILDCARD, address })).toBe(1)
  })

  it('leaves the port in use for others, whatever they allow', async () => {
    const { port } = open(echo, WILDCARD).address()
    for (const address of ['0.0.0.0', ...ASKED, ...ownAddresses()]) {
      for (const options of [{}, { reuseAddr: true }, { reusePort: true }])
        expect([address, await codeOfBind(port, address, options)]).toEqual([address, 'EADDRINUSE'])
      expect(() => open(echo, { ...WILDCARD, address, port })).toThrow('EADDRINUSE')
    }
  })

  it.each(['0.0.0.0', ...ASKED])('fails while another has the port at %s', async (address) => {
    for (const reuseAddr of [false, true]) {
      const other = createSocket({ type: 'udp4', reuseAddr })
      onTestFinished(() => void other.close())
      other.bind(0, address)
      await once(other, 'listening')
      const { port } = other.address()
      expect(() => open(echo, { ...WILDCARD, port })).toThrow(`bind EADDRINUSE 0.0.0.0:${port}`)
    }
  })

  it('frees the port of all of them at once', () => {
    const socket = open(echo, WILDCARD)
    socket.close()
    for (let round = 0; round < 100; round++)
      open(echo, { ...WILDCARD, port: socket.address().port }).close()
  })

  it('replies to the datagram at once and later, from the address that was asked', async () => {
    const socket: BatchSocket = open((batch) => {
      for (let index = 0; index < batch.count; index++) {
        const local = batch.local(index)
        const to = batch.address(index).slice()
        const port = batch.port(index)
        void nextTurn().then(() => socket.send(Buffer.from('later'), to, port, 0, local))
      }
      echo(batch)
    }, WILDCARD)
    const client = await DgramClient.bind('0.0.0.0')
    for (const [index, address] of ASKED.entries()) {
      await client.send('now', socket.address(), address)
      await client.arrived(2 * index + 2)
    }
    expect(client.received.map(({ message, remote }) => [String(message), remote.address])).toEqual(
      ASKED.flatMap((address) => [
        ['now', address],
        ['later', address],
      ]),
    )
    expect(socket.counters()).toMatchObject({ received: 2, sent: 4, errors: 0 })
  })

  it('counts what the system drops while it is paused, and reads the rest afterwards', async () => {
    const socket = open(echo, { ...WILDCARD, receiveBufferSize: 1 })
    socket.pause()
    const client = await DgramClient.bind()
    let before = 0
    for (const [index, address] of ASKED.entries()) {
      for (let count = 0; count < 200; count++)
        await client.send(Buffer.alloc(100), socket.address(), address)
      const { overflowed } = socket.counters()
      expect([index, overflowed]).not.toEqual([index, before])
      before = overflowed
    }
    socket.resume()
    await client.arrived(400 - before)
    expect(socket.counters()).toMatchObject({ received: 400 - before, overflowed: before })
    socket.close()
    expect(socket.counters().overflowed).toBe(before)
  })

  it('closes with the others inside onBatch, after the reply', async () => {
    const socket: BatchSocket = open((batch) => {
      echo(batch)
      socket.close()
    }, WILDCARD)
    const client = await DgramClient.bind('0.0.0.0')
    await Promise.all(ASKED.map((address) => client.send('x', socket.address(), address)))
    expect(await client.arrived(1)).toEqual([Buffer.from('x')])
    expect(socket.counters().received).toBe(1)
  })
})

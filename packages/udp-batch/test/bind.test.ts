import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { BatchSocket, type BatchSocketOptions } from '@chihaya/udp-batch'
import { describeBatches, echo, open } from './batches.ts'
import { DgramClient } from './dgram-client.ts'

function openSockets(): number {
  const folder = '/proc/self/fd'
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith('socket:')
    } catch {
      // The descriptor that was used to read the folder.
      return false
    }
  }).length
}

function bindError(options: BatchSocketOptions): unknown {
  try {
    BatchSocket.bind(options, echo).close()
    return undefined
  } catch (error) {
    return error
  }
}

describeBatches('binding', () => {
  it('fails as node:dgram does when the port is in use', async () => {
    const other = createSocket('udp4')
    onTestFinished(() => void other.close())
    other.bind(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address()
    const second = createSocket('udp4')
    second.bind(port, '127.0.0.1')
    const [expected] = (await once(second, 'error')) as [
      NodeJS.ErrnoException & { address: string; port: number },
    ]
    const error = bindError({ address: '127.0.0.1', port }) as typeof expected
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toBe(expected.message)
    const { code, errno, syscall, address } = expected
    expect(error).toMatchObject({ code, errno, syscall, address, port })
    expect(code).toBe('EADDRINUSE')
  })

  it.each([
    ['192.0.2.1', 'EADDRNOTAVAIL'],
    ['2001:db8::1', 'EADDRNOTAVAIL'],
    ['fe80::1%no-such-card', 'EINVAL'],
  ])('fails on %s with %s', (address, code) => {
    expect(bindError({ address, port: 0 })).toMatchObject({
      code,
      syscall: 'bind',
      address,
      port: 0,
    })
  })

  it.each([
    [{ address: 'localhost' }, TypeError, 'address is not an IP address: localhost'],
    [{ address: '' }, TypeError, 'address'],
    [{ port: -1 }, RangeError, 'port must be an integer from 0 to 65535, not -1'],
    [{ port: 65_536 }, RangeError, 'port'],
    [{ port: 1.5 }, RangeError, 'port'],
    [{ port: '80' }, TypeError, 'port is not a number: 80'],
    [{ batchSize: 0 }, RangeError, 'batchSize'],
    [{ batchSize: 1025 }, RangeError, 'batchSize'],
    [{ maxDatagram: 0 }, RangeError, 'maxDatagram'],
    [{ maxDatagram: 65_528 }, RangeError, 'maxDatagram'],
    [{ maxReply: 65_528 }, RangeError, 'maxReply'],
    [{ sendQueueSize: 0 }, RangeError, 'sendQueueSize'],
    [{ receiveBufferSize: -1 }, RangeError, 'receiveBufferSize'],
    [{ sendBufferSize: 2 ** 31 }, RangeError, 'sendBufferSize'],
    [{ reusePort: 1 }, TypeError, 'reusePort is not a boolean: 1'],
    [{ ipv6Only: 'yes' }, TypeError, 'ipv6Only'],
    [{ onError: 'log' }, TypeError, 'onError is not a function'],
  ])('refuses the option %j', (options, type, message) => {
    const error = bindError({ address: '127.0.0.1', port: 0, ...options } as BatchSocketOptions)
    expect(error).toBeInstanceOf(type)
    expect((error as Error).message).toContain(message)
  })

  it('refuses a callback that is not a function', () => {
    expect(() => BatchSocket.bind({ address: '127.0.0.1', port: 0 }, undefined as never)).toThrow(
      'onBatch is not a function',
    )
  })

  it('lets two sockets share a port if both set reusePort', async () => {
    const first = open(echo, { reusePort: true })
    const second = open(echo, { reusePort: true, port: first.address().port })
    for (let client = 0; client < 32; client++)
      await (await DgramClient.bind()).request('x', first.address())
    const counts = [first, second].map((socket) => socket.counters().received)
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(32)
    // The system selects a socket by a hash of the client's port: 32 clients reach both.
    expect(Math.min(...counts)).toBeGreaterThan(0)
  })

  it('leaves IPv4 to other sockets with ipv6Only', async () => {
    const ipv6 = open(echo, { address: '::', ipv6Only: true })
    const ipv4 = open(echo, { address: '0.0.0.0', port: ipv6.address().port })
    for (const [address, socket] of [['::1', ipv6] as const, ['127.0.0.1', ipv4] as const]) {
      const client = await DgramClient.bind(address)
      await client.request('x', socket.address(), address)
      expect(socket.counters().received).toBe(1)
    }
    const both = open(echo, { address: '::' })
    expect(bindError({ address: '0.0.0.0', port: both.address().port })).toMatchObject({
      code: 'EADDRINUSE',
    })
  })

  it('sets buffer sizes, and reports the actual ones', () => {
    const socket = open(echo, { receiveBufferSize: 40_000, sendBufferSize: 20_000 })
    // The system doubles the size for its bookkeeping.
    expect([socket.receiveBufferSize, socket.sendBufferSize]).toEqual([80_000, 40_000])
    const usual = open(echo)
    expect(usual.receiveBufferSize).toBeGreaterThan(80_000)
  })

  it('leaves no descriptor open, whether it succeeds or fails', async () => {
    const taken = open(echo).address()
    const before = openSockets()
    const small = { batchSize: 1, sendQueueSize: 1 }
    for (let round = 0; round < 3000; round++) {
      BatchSocket.bind({ address: '127.0.0.1', port: 0, ...small }, echo).close()
      expect(bindError({ address: '127.0.0.1', port: taken.port, ...small })).toMatchObject({
        code: 'EADDRINUSE',
      })
      expect(bindError({ address: '192.0.2.1', port: 0, ...small })).toMatchObject({
        code: 'EADDRNOTAVAIL',
      })
    }
    expect(openSockets()).toBe(before)
  })

  it('frees the port at once', () => {
    // An address that is unlikely to be used elsewhere.
    const address = '127.91.17.3'
    let socket = open(echo, { address })
    const { port } = socket.address()
    for (let round = 0; round < 100; round++) {
      expect(bindError({ address, port })).toMatchObject({ code: 'EADDRINUSE' })
      socket.close()
      socket = open(echo, { address, port })
    }
  })
})

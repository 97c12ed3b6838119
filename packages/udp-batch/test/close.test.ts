import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { BatchSocket } from '@chihaya/udp-batch'
import { describeBatches, echo, open } from './batches.ts'
import { runChild } from './child.ts'
import { DgramClient } from './dgram-client.ts'

const LOCAL = Uint8Array.of(127, 0, 0, 1)

describeBatches('closing', () => {
  it('inside onBatch sends the batch’s replies, and no batch follows', async () => {
    let batches = 0
    const socket: BatchSocket = open(
      (batch) => {
        batches++
        socket.close()
        echo(batch)
      },
      { batchSize: 2 },
    )
    socket.pause()
    const client = await DgramClient.bind()
    for (const message of ['a', 'b', 'c']) await client.send(message, socket.address())
    socket.resume()
    expect((await client.arrived(2)).map(String)).toEqual(['a', 'b'])
    await setImmediate()
    await sleep(20)
    expect(batches).toBe(1)
    expect(client.received).toHaveLength(2)
    expect(socket.counters()).toMatchObject({ received: 2, sent: 2 })
  })

  it('sends what send() has queued', async () => {
    const socket = open(echo)
    const client = await DgramClient.bind()
    socket.send(Buffer.from('last words'), LOCAL, client.port)
    socket.close()
    expect((await client.arrived(1)).map(String)).toEqual(['last words'])
  })

  it('inside onBatch sends what send() has queued there', async () => {
    const socket: BatchSocket = open((batch) => {
      socket.send(Buffer.from('last words'), batch.address(0), batch.port(0))
      socket.close()
    })
    const client = await DgramClient.bind()
    expect((await client.request('x', socket.address())).toString()).toBe('last words')
  })

  it('happens once', () => {
    const socket = open(echo)
    expect(socket.closed).toBe(false)
    socket.close()
    socket.close()
    expect(socket.closed).toBe(true)
  })

  it('leaves the address and the counters readable', async () => {
    const socket = open(echo)
    const client = await DgramClient.bind()
    await client.request('x', socket.address())
    const address = socket.address()
    socket.close()
    expect(socket.address()).toEqual(address)
    expect(socket.counters()).toEqual({
      received: 1,
      sent: 1,
      truncated: 0,
      dropped: 0,
      errors: 0,
      overflowed: 0,
    })
    expect(() => socket.send(LOCAL, LOCAL, 1)).toThrow('the socket is closed')
    expect(() => socket.receiveBufferSize).toThrow('the socket is closed')
    expect(() => socket.sendBufferSize).toThrow('the socket is closed')
    socket.pause()
    socket.resume()
  })

  it('drops datagrams that arrive later', async () => {
    const socket = open(echo)
    const client = await DgramClient.bind()
    await client.send('x', socket.address())
    socket.close()
    await setImmediate()
    await setImmediate()
    expect(socket.counters().received).toBe(0)
  })

  it('is not needed for a process to exit', async () => {
    expect(await runChild('exit.ts')).toEqual({
      code: 7,
      signal: null,
      stdout: 'open\n',
      stderr: '',
    })
  })

  it('and a paused socket let a process end', async () => {
    for (const how of ['close', 'pause']) {
      expect(await runChild('end.ts', [how])).toEqual({
        code: 0,
        signal: null,
        stdout: 'ended\n',
        stderr: '',
      })
    }
  })
})

describeBatches('pausing', () => {
  it('leaves datagrams in the receive buffer until it resumes, and send works', async () => {
    const socket = open(echo)
    const client = await DgramClient.bind()
    socket.pause()
    await client.send('waits', socket.address())
    socket.send(Buffer.from('sent'), LOCAL, client.port)
    expect((await client.arrived(1)).map(String)).toEqual(['sent'])
    expect(socket.counters().received).toBe(0)
    socket.resume()
    expect((await client.arrived(2)).map(String)).toEqual(['sent', 'waits'])
  })

  it('inside onBatch holds the next batch back', async () => {
    let batches = 0
    const socket: BatchSocket = open(
      (batch) => {
        batches++
        socket.pause()
        echo(batch)
      },
      { batchSize: 1 },
    )
    const client = await DgramClient.bind()
    await client.send('a', socket.address())
    await client.request('b', socket.address())
    await sleep(10)
    expect(batches).toBe(1)
    socket.resume()
    await client.arrived(2)
    expect(batches).toBe(2)
  })

  it('counts what the system drops meanwhile', async () => {
    const socket = open(echo, { receiveBufferSize: 1 })
    socket.pause()
    const client = await DgramClient.bind()
    for (let count = 0; count < 200; count++) await client.send(Buffer.alloc(100), socket.address())
    const { overflowed } = socket.counters()
    expect(overflowed).toBeGreaterThan(0)
    socket.resume()
    await client.arrived(200 - overflowed)
    expect(socket.counters()).toMatchObject({ received: 200 - overflowed, overflowed })
    socket.close()
    expect(socket.counters().overflowed).toBe(overflowed)
  })
})

import { randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { BatchSocket } from '@chihaya/udp-batch'
import { datagrams, describeBatches, echo, open } from './batches.ts'
import { DgramClient } from './dgram-client.ts'

// Few enough for the smallest receive buffer.
const WINDOW = 64
const IPV4_LONGEST = 65_507

function handled(socket: BatchSocket): number {
  const { received, truncated } = socket.counters()
  return received + truncated
}

describeBatches('an echo over batches', () => {
  it.each(['127.0.0.1', '::1'])('answers on %s', async (address) => {
    const socket = open(echo, { address })
    const client = await DgramClient.bind(address)
    expect(socket.address()).toEqual({
      address,
      family: isIPv6(address) ? 'IPv6' : 'IPv4',
      port: expect.any(Number),
    })
    expect((await client.request('hello', socket.address())).toString()).toBe('hello')
    expect(client.received[0]?.remote).toMatchObject({ address, port: socket.address().port })
  })

  it('answers from the address that was asked, for each of several on one port', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2', '127.1.2.3', '127.255.255.254']
    const { port } = open(echo).address()
    for (const address of addresses.slice(1)) open(echo, { address, port })
    const client = await DgramClient.bind()
    for (const address of addresses)
      await client.request(address, { address, port, family: 'IPv4' })
    expect(
      client.received.map(({ message, remote }) => [message.toString(), remote.address]),
    ).toEqual(addresses.map((address) => [address, address]))
  })

  it('reports the source of every datagram', async () => {
    const sources: Array<[number[], number, number]> = []
    const socket = open(
      (batch) => {
        for (let index = 0; index < batch.count; index++) {
          sources.push([[...batch.address(index)], batch.port(index), batch.scope(index)])
        }
        echo(batch)
      },
      { address: '0.0.0.0' },
    )
    const clients = await Promise.all(
      ['127.0.0.1', '127.7.8.9'].map((address) => DgramClient.bind(address)),
    )
    for (const client of clients) await client.request('x', socket.address(), '127.0.0.1')
    expect(sources).toEqual([
      [[127, 0, 0, 1], clients[0]?.port, 0],
      [[127, 7, 8, 9], clients[1]?.port, 0],
    ])
  })

  it('serves IPv4 on an IPv6 socket, with addresses of 4 bytes', async () => {
    const lengths: number[] = []
    const socket = open(
      (batch) => {
        for (let index = 0; index < batch.count; index++) lengths.push(batch.address(index).length)
        echo(batch)
      },
      { address: '::' },
    )
    for (const address of ['127.0.0.1', '::1', '127.0.0.1']) {
      const client = await DgramClient.bind(address)
      expect((await client.request(address, socket.address(), address)).toString()).toBe(address)
    }
    expect(lengths).toEqual([4, 16, 4])
  })

  it('echoes thousands of datagrams of many lengths', async () => {
    const socket = open(echo, { batchSize: 32, maxDatagram: 1500, maxReply: 1500 })
    const clients = await Promise.all(Array.from({ length: 4 }, () => DgramClient.bind()))
    await Promise.all(
      clients.map(async (client) => {
        for (let round = 0; round < 60; round++) {
          const sent = Array.from({ length: WINDOW / clients.length }, () =>
            randomBytes(Math.floor(Math.random() * 1501)),
          )
          const before = client.received.length
          await Promise.all(sent.map((message) => client.send(message, socket.address())))
          const received = (await client.arrived(before + sent.length)).slice(before)
          expect(received.map((message) => message.toString('hex')).sort()).toEqual(
            sent.map((message) => message.toString('hex')).sort(),
          )
        }
      }),
    )
    const total = 60 * WINDOW
    expect(socket.counters()).toEqual({
      received: total,
      sent: total,
      truncated: 0,
      dropped: 0,
      errors: 0,
      overflowed: 0,
    })
  })

  it('receives and sends empty datagrams', async () => {
    const socket = open(echo)
    const client = await DgramClient.bind()
    expect(await client.request('', socket.address())).toHaveLength(0)
  })

  it('sends only replies that were set, and the last of several', async () => {
    const socket = open((batch) => {
      for (let index = 0; index < batch.count; index++) {
        if (batch.input[batch.start(index)] === 'n'.charCodeAt(0)) continue
        batch.output.write('first second', batch.replyStart(index))
        batch.reply(index, 12)
        batch.reply(index, 5)
      }
    })
    const client = await DgramClient.bind()
    await client.send('no', socket.address())
    expect((await client.request('yes', socket.address())).toString()).toBe('first')
    expect(client.received).toHaveLength(1)
  })

  it('receives datagrams up to maxDatagram whole, and counts longer ones as truncated', async () => {
    const maxDatagram = 700
    const lengths = Array.from({ length: maxDatagram + 50 }, (_, length) => length).concat(
      1500,
      9000,
      IPV4_LONGEST,
    )
    const socket = open(echo, { maxDatagram, maxReply: maxDatagram })
    const client = await DgramClient.bind()
    let expected = 0
    for (let at = 0; at < lengths.length; at += WINDOW) {
      const part = lengths.slice(at, at + WINDOW)
      for (const length of part) await client.send(Buffer.alloc(length, length), socket.address())
      await client.send('next', socket.address())
      expected += part.filter((length) => length <= maxDatagram).length + 1
      await client.arrived(expected)
    }
    const echoed = client.received
      .map(({ message }) => message)
      .filter((message) => message.toString() !== 'next')
    expect(echoed.map((message) => message.length)).toEqual(
      Array.from({ length: maxDatagram + 1 }, (_, length) => length),
    )
    expect(echoed.every((message) => message.every((byte) => byte === message.length % 256))).toBe(
      true,
    )
    expect(socket.counters()).toMatchObject({
      truncated: lengths.length - maxDatagram - 1,
      errors: 0,
    })
  })

  it('receives a datagram of any length whole, or counts it', async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: IPV4_LONGEST }), {
      minLength: 1,
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 65_527 }), lengths, async (maxDatagram, sent) => {
        const socket = BatchSocket.bind(
          { address: '127.0.0.1', port: 0, batchSize: 4, maxDatagram, maxReply: 65_527 },
          echo,
        )
        const client = await DgramClient.bind()
        // One at a time, as the system keeps few of the longest.
        for (const [index, length] of sent.entries()) {
          await client.send(Buffer.alloc(length, length), socket.address())
          while (handled(socket) <= index) await nextTurn()
        }
        const whole = sent.filter((length) => length <= maxDatagram)
        const echoed = await client.arrived(whole.length)
        expect(echoed.map((message) => message.length)).toEqual(whole)
        expect(
          echoed.every((message) => message.equals(Buffer.alloc(message.length, message.length))),
        ).toBe(true)
        expect(socket.counters()).toMatchObject({
          received: whole.length,
          truncated: sent.length - whole.length,
        })
        socket.close()
      }),
      { numRuns: 50 },
    )
  })

  it('cuts longer datagrams with keepTruncated, and reports their original length', async () => {
    const seen: Array<[text: string, length: number]> = []
    const socket = open(
      (batch) => {
        for (const [index, datagram] of datagrams(batch).entries())
          seen.push([datagram.toString(), batch.length(index)])
        echo(batch)
      },
      { maxDatagram: 10, keepTruncated: true },
    )
    socket.pause()
    const client = await DgramClient.bind()
    const messages = ['a', 'b'.repeat(10), 'c'.repeat(11), 'dddd', 'e'.repeat(IPV4_LONGEST), '']
    for (const message of messages) await client.send(message, socket.address())
    socket.resume()
    expect((await client.arrived(messages.length)).map(String)).toEqual(
      messages.map((message) => message.slice(0, 10)),
    )
    expect(seen).toEqual(messages.map((message) => [message.slice(0, 10), message.length]))
    expect(socket.counters()).toMatchObject({ received: 6, sent: 6, truncated: 2, errors: 0 })
  })

  it('keeps the others in order when one in the middle is truncated', async () => {
    const received: Buffer[] = []
    const socket = open(
      (batch) => {
        received.push(...datagrams(batch))
        echo(batch)
      },
      { maxDatagram: 10 },
    )
    socket.pause()
    const client = await DgramClient.bind()
    const messages = ['a', 'bb', 'c'.repeat(11), 'dddd', 'e'.repeat(300), 'f'.repeat(10)]
    for (const message of messages) await client.send(message, socket.address())
    socket.resume()
    const kept = messages.filter((message) => message.length <= 10)
    expect((await client.arrived(kept.length)).map(String)).toEqual(kept)
    expect(received.map(String)).toEqual(kept)
    expect(socket.counters()).toMatchObject({ received: 4, truncated: 2 })
  })

  it('receives the longest possible datagram', async () => {
    const socket = open(echo, {
      maxDatagram: 65_527,
      maxReply: 65_527,
      batchSize: 2,
      sendQueueSize: 1,
    })
    const client = await DgramClient.bind()
    const message = randomBytes(IPV4_LONGEST)
    expect(message.equals(await client.request(message, socket.address()))).toBe(true)
  })

  it('passes at most batchSize datagrams at once, all in order', async () => {
    const sizes: number[] = []
    const socket = open(
      (batch) => {
        sizes.push(batch.count)
        echo(batch)
      },
      { batchSize: 8 },
    )
    socket.pause()
    const client = await DgramClient.bind()
    const messages = Array.from({ length: 50 }, (_, number) => `datagram ${number}`)
    for (const message of messages) await client.send(message, socket.address())
    socket.resume()
    expect((await client.arrived(50)).map(String)).toEqual(messages)
    expect(sizes).toEqual([8, 8, 8, 8, 8, 8, 2])
  })

  it('lets timers and other work run between two batches', async () => {
    const events: string[] = []
    const socket = open(
      (batch) => {
        events.push('batch')
        setImmediate(() => events.push('turn'))
        echo(batch)
      },
      { batchSize: 1 },
    )
    socket.pause()
    const client = await DgramClient.bind()
    for (let count = 0; count < 5; count++) await client.send('x', socket.address())
    socket.resume()
    await client.arrived(5)
    expect(events.slice(0, 8)).toEqual([
      'batch',
      'turn',
      'batch',
      'turn',
      'batch',
      'turn',
      'batch',
      'turn',
    ])
  })
})

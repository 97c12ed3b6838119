import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { describeBatches, open } from './batches.ts'
import { DgramClient } from './dgram-client.ts'

const LOCAL = Uint8Array.of(127, 0, 0, 1)
const LOCAL_IPV6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
const nothing = (): void => undefined

describeBatches('send', () => {
  it('answers requests of a batch later', async () => {
    const socket = open((batch) => {
      for (let index = 0; index < batch.count; index++) {
        const question = batch.input.toString('latin1', batch.start(index), batch.end(index))
        const [address, port, scope] = [
          batch.address(index).slice(),
          batch.port(index),
          batch.scope(index),
        ]
        void sleep(Number(question)).then(() =>
          socket.send(Buffer.from(`after ${question}`), address, port, scope),
        )
      }
    })
    const client = await DgramClient.bind()
    for (const delay of ['30', '1', '10']) await client.send(delay, socket.address())
    expect((await client.arrived(3)).map(String).sort()).toEqual([
      'after 1',
      'after 10',
      'after 30',
    ])
  })

  it('copies its arguments, and keeps their order', async () => {
    const socket = open(nothing)
    const client = await DgramClient.bind()
    const bytes = Buffer.alloc(4)
    const address = LOCAL.slice()
    for (let number = 0; number < 100; number++) {
      bytes.writeUInt32BE(number)
      expect(socket.send(bytes, address, client.port)).toBe(true)
    }
    bytes.fill(0xff)
    address.fill(0xff)
    const received = await client.arrived(100)
    expect(received.map((message) => message.readUInt32BE())).toEqual(
      Array.from({ length: 100 }, (_, number) => number),
    )
  })

  it('sends more than its queue holds as long as the system accepts it', async () => {
    const socket = open(nothing, { sendQueueSize: 3, batchSize: 1 })
    const client = await DgramClient.bind()
    let count = 0
    for (let round = 0; round < 20; round++) {
      for (let burst = 0; burst < round; burst++)
        socket.send(Buffer.from(String(count++)), LOCAL, client.port)
      await client.arrived(count)
    }
    expect(client.received.map(({ message }) => Number(message))).toEqual(
      Array.from({ length: count }, (_, number) => number),
    )
    expect(socket.counters()).toMatchObject({ sent: count, dropped: 0, errors: 0 })
  })

  it('sends empty and full datagrams, but no longer ones', async () => {
    const socket = open(nothing, { maxReply: 100 })
    const client = await DgramClient.bind()
    for (const length of [0, 100]) socket.send(new Uint8Array(length), LOCAL, client.port)
    expect((await client.arrived(2)).map((message) => message.length)).toEqual([0, 100])
    expect(() => socket.send(new Uint8Array(101), LOCAL, client.port)).toThrow(RangeError)
  })

  it('reaches both families from an IPv6 socket', async () => {
    const socket = open(nothing, { address: '::' })
    const clients = await Promise.all(
      ['127.0.0.1', '::1'].map((address) => DgramClient.bind(address)),
    )
    socket.send(Buffer.from('four'), LOCAL, clients[0]?.port ?? 0)
    socket.send(Buffer.from('six'), LOCAL_IPV6, clients[1]?.port ?? 0)
    expect(
      await Promise.all(clients.map(async (client) => String((await client.arrived(1))[0]))),
    ).toEqual(['four', 'six'])
  })

  it.each([
    ['127.0.0.1', LOCAL_IPV6, 1],
    ['127.0.0.1', new Uint8Array(5), 1],
    ['::1', new Uint8Array(0), 1],
    ['127.0.0.1', LOCAL, -1],
    ['127.0.0.1', LOCAL, 65_536],
    ['127.0.0.1', LOCAL, Number.NaN],
  ])('from %s refuses address %j and port %d', (from, address, port) => {
    const socket = open(nothing, { address: from })
    expect(() => socket.send(LOCAL, address, port)).toThrow(RangeError)
  })

  it('counts and reports refused datagrams, and sends the others', async () => {
    const errors: NodeJS.ErrnoException[] = []
    const socket = open(nothing, { onError: (error) => errors.push(error) })
    const client = await DgramClient.bind()
    // Port 0 is invalid, and broadcasts need an option.
    for (const [message, address, port] of [
      ['first', LOCAL, client.port],
      ['nowhere', LOCAL, 0],
      ['second', LOCAL, client.port],
      ['everybody', Uint8Array.of(255, 255, 255, 255), 9],
      ['third', LOCAL, client.port],
    ] as const) {
      socket.send(Buffer.from(message), address, port)
    }
    expect((await client.arrived(3)).map(String)).toEqual(['first', 'second', 'third'])
    expect(socket.counters()).toMatchObject({ sent: 3, errors: 2, dropped: 0 })
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({
      code: expect.stringMatching(/^E/),
      syscall: 'sendmmsg',
      errno: expect.any(Number),
    })
    expect(errors[0]?.message).toBe(`sendmmsg ${errors[0]?.code}`)
  })

  it('counts refused replies', async () => {
    const errors: NodeJS.ErrnoException[] = []
    const tooLong = 65_527
    const socket = open(
      (batch) => {
        for (let index = 0; index < batch.count; index++) {
          batch.reply(index, batch.input[batch.start(index)] === 0 ? tooLong : 1)
        }
      },
      { maxReply: tooLong, batchSize: 4, sendQueueSize: 1, onError: (error) => errors.push(error) },
    )
    socket.pause()
    const client = await DgramClient.bind()
    for (const byte of [1, 0, 0, 1]) await client.send(Uint8Array.of(byte), socket.address())
    socket.resume()
    await client.arrived(2)
    expect(socket.counters()).toMatchObject({ received: 4, sent: 2, errors: 2 })
    expect(errors.map(({ code }) => code)).toEqual(['EMSGSIZE'])
  })
})

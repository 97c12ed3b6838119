import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { BatchSocket, type Batch, type LocalAddress } from '@chihaya/udp-batch'

// Does everything at random for some seconds under the sanitizers: `hammer.ts SECONDS`. With
// `faults.c` preloaded, calls fail too.

const WORKER = fileURLToPath(new URL('echo-worker.ts', import.meta.url))
const until = performance.now() + Number(process.argv[2]) * 1000
const addresses = ['127.0.0.1', '127.0.0.2', '::1', '::', '0.0.0.0']
const sockets = new Set<BatchSocket>()
let received = 0
let sent = 0

function random(limit: number): number {
  return Math.floor(Math.random() * limit)
}

function pick<T>(list: readonly T[]): T {
  return list.at(random(list.length)) as T
}

function openSocket(): void {
  const maxReply = 1 + random(3000)
  const socket = BatchSocket.bind(
    {
      address: pick(addresses),
      port: 0,
      socketPerAddress: random(2) === 0,
      batchSize: 1 + random(40),
      maxDatagram: 1 + random(3000),
      keepTruncated: random(2) === 0,
      maxReply,
      sendQueueSize: 1 + random(20),
      onError: () => undefined,
    },
    (batch) => handle(socket, batch, maxReply),
  )
  sockets.add(socket)
}

function handle(socket: BatchSocket, batch: Batch, maxReply: number): void {
  received += batch.count
  for (let index = 0; index < batch.count; index++) {
    const length = random(maxReply + 1)
    const address = batch.address(index).slice()
    const port = batch.port(index)
    const local = batch.local(index)
    // Many replies, so that datagrams go back and forth, but fewer than arrive, so that they end.
    if (random(10) < 8) batch.reply(index, length)
    if (random(20) === 0)
      void sleep(random(5)).then(() =>
        sendTo(socket, length, address, port, batch.scope(index), local),
      )
    if (random(20) === 0) sendTo(socket, length, address, port, 0, local)
  }
  if (random(50) === 0) closeSocket(socket)
  if (random(50) === 0) socket.pause()
  if (random(50) === 0) throw new Error('on purpose')
}

function sendTo(
  socket: BatchSocket,
  length: number,
  address: Uint8Array,
  port: number,
  scope: number,
  local: LocalAddress | undefined,
): void {
  if (!socket.closed && socket.send(new Uint8Array(length), address, port, scope, local)) sent++
}

function closeSocket(socket: BatchSocket): void {
  sockets.delete(socket)
  socket.close()
  socket.counters()
}

process.on('uncaughtException', (error) => {
  if (error.message !== 'on purpose') throw error
})

const clients = await Promise.all(
  (['udp4', 'udp6'] as const).map(async (type) => {
    const client = createSocket(type)
    client.bind(0, type === 'udp4' ? '127.0.0.1' : '::1')
    await once(client, 'listening')
    return client
  }),
)

async function terminateWorkers(): Promise<number> {
  let count = 0
  while (performance.now() < until) {
    const worker = new Worker(WORKER)
    const [port] = (await once(worker, 'message')) as [number]
    for (let datagram = 0; datagram < 50; datagram++) clients[0]?.send('hello', port, '127.0.0.1')
    await sleep(random(10))
    await worker.terminate()
    count++
  }
  return count
}

const workers = terminateWorkers()
while (performance.now() < until) {
  process.env['FAULT_SEND'] = Array.from({ length: random(6) }, () =>
    pick(['.', 'a', 'h', 'i', 'n']),
  ).join('')
  process.env['FAULT_POLL'] = 'x'.repeat(random(2))
  process.env['FAULT_RECEIVE'] = pick(['', '', 'i', 'm'])
  while (sockets.size < 10) openSocket()
  for (let round = 0; round < 30; round++) {
    const { address, family, port } = pick([...sockets]).address()
    const [ipv4, ipv6] = clients
    const length = pick([0, 1, 50, 1500, 3000, random(60_000)])
    if (family === 'IPv4')
      ipv4?.send(new Uint8Array(length), port, address === '0.0.0.0' ? '127.0.0.1' : address)
    else ipv6?.send(new Uint8Array(length), port, '::1')
  }
  await sleep(1)
  for (const socket of sockets) {
    if (random(20) === 0) closeSocket(socket)
    else if (random(3) === 0) socket.resume()
  }
}
console.log(JSON.stringify({ received, sent, workers: await workers }))
if (random(2) === 0) for (const socket of sockets) socket.close()
process.exit()

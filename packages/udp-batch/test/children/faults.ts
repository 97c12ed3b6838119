import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { BatchSocket, type Batch, type BatchSocketOptions, type Counters } from '@chihaya/udp-batch'

// Runs with `faults.c` preloaded, and prints the outcome of each fault.

interface Outcome {
  readonly received: string[]
  readonly counters: Counters
  readonly errors: Array<string | undefined>
}

// `faults.ts per-address`: the client asks a socket beside the wildcard.
const BOUND =
  process.argv[2] === 'per-address'
    ? { address: '0.0.0.0', socketPerAddress: true }
    : { address: '127.0.0.1' }
const LOCAL = Uint8Array.of(127, 0, 0, 1)
const MESSAGES = Array.from({ length: 10 }, (_, number) => `message ${number}`)

/** Answers ten datagrams while calls fail. */
async function answer(
  faults: Record<string, string>,
  options: Partial<BatchSocketOptions> = {},
): Promise<Outcome> {
  return run(options, async (socket, client) => {
    socket.pause()
    for (const message of MESSAGES) client.send(message, socket.address().port, '127.0.0.1')
    await sleep(50)
    Object.assign(process.env, faults)
    socket.resume()
  })
}

async function run(
  options: Partial<BatchSocketOptions>,
  act: (socket: BatchSocket, client: ReturnType<typeof createSocket>) => Promise<void>,
): Promise<Outcome> {
  const errors: Array<string | undefined> = []
  const onError = (error: NodeJS.ErrnoException): unknown => errors.push(error.message)
  const socket = BatchSocket.bind({ ...BOUND, port: 0, onError, ...options }, echo)
  const client = createSocket('udp4')
  const received: string[] = []
  client.on('message', (message) => received.push(message.toString()))
  client.bind(0, '127.0.0.1')
  await once(client, 'listening')
  await act(socket, client)
  await sleep(100)
  const counters = socket.counters()
  socket.close()
  client.close()
  for (const name of Object.keys(process.env).filter((key) => key.startsWith('FAULT_')))
    delete process.env[name]
  return { received, counters, errors }
}

function echo(batch: Batch): void {
  for (let index = 0; index < batch.count; index++) {
    batch.reply(
      index,
      batch.input.copy(batch.output, batch.replyStart(index), batch.start(index), batch.end(index)),
    )
  }
}

async function overflowQueue(): Promise<Outcome & { taken: boolean[] }> {
  const taken: boolean[] = []
  const outcome = await run({ sendQueueSize: 4 }, async (socket, client) => {
    const { port } = client.address()
    process.env['FAULT_SEND'] = 'A'
    for (const message of MESSAGES) taken.push(socket.send(Buffer.from(message), LOCAL, port))
    await sleep(20)
    process.env['FAULT_SEND'] = 'h'
    await sleep(20)
    taken.push(socket.send(Buffer.from('again'), LOCAL, port))
  })
  return { ...outcome, taken }
}

/** Sends while the system accepts nothing, so that the queue wraps around. */
async function goRound(): Promise<Outcome> {
  return run({ sendQueueSize: 4 }, async (socket, client) => {
    const { port } = client.address()
    for (const [index, message] of MESSAGES.entries()) {
      process.env['FAULT_SEND'] = `ah${'a'.repeat(index % 3)}`
      socket.send(Buffer.from(message), LOCAL, port)
      socket.send(Buffer.from(`and ${message}`), LOCAL, port)
      await sleep(10)
    }
  })
}

async function closeBlocked(): Promise<Counters> {
  const { counters } = await run({}, async (socket, client) => {
    process.env['FAULT_SEND'] = 'A'
    for (const message of MESSAGES) client.send(message, socket.address().port, '127.0.0.1')
    await sleep(20)
    socket.send(Buffer.from('late'), LOCAL, client.address().port)
    socket.close()
  })
  return counters
}

/** The error of a failed bind, and the number of descriptors that it leaves open. */
function failToBind(
  variable: string,
  value: string,
  options: Partial<BatchSocketOptions>,
): unknown {
  const before = readdirSync('/proc/self/fd').length
  process.env[variable] = value
  try {
    BatchSocket.bind({ address: '127.0.0.1', port: 0, ...options }, echo).close()
    return 'bound'
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    return { code, syscall, left: readdirSync('/proc/self/fd').length - before }
  } finally {
    delete process.env[variable]
  }
}

// Option numbers from the system's headers.
const [SO_SNDBUF, SO_RCVBUF, SO_REUSEPORT, IPV6_V6ONLY] = ['7', '8', '15', '26'] as const
const [IP_PKTINFO, IPV6_RECVPKTINFO, IPV6_FREEBIND] = ['8', '49', '78'] as const

console.log(
  JSON.stringify({
    blockedReplies: await answer({ FAULT_SEND: 'aaha' }),
    partialReplies: await answer({ FAULT_SEND: 'hhhhh' }),
    interrupted: await answer({ FAULT_SEND: 'ii', FAULT_RECEIVE: 'iii' }),
    refused: await answer({ FAULT_SEND: 'nhn' }),
    blockedBatches: await answer({ FAULT_SEND: 'ahaaha' }, { batchSize: 3 }),
    receiveFails: await answer({ FAULT_RECEIVE: 'mm' }),
    pollFails: await answer({ FAULT_POLL: 'xxx' }, { batchSize: 2 }),
    overflowQueue: await overflowQueue(),
    goRound: await goRound(),
    closeBlocked: await closeBlocked(),
    receiveBuffer: failToBind('FAULT_OPTION', SO_RCVBUF, { receiveBufferSize: 5000 }),
    sendBuffer: failToBind('FAULT_OPTION', SO_SNDBUF, { sendBufferSize: 5000 }),
    reusePort: failToBind('FAULT_OPTION', SO_REUSEPORT, { reusePort: true }),
    ipv6Only: failToBind('FAULT_OPTION', IPV6_V6ONLY, { address: '::1' }),
    localIpv4: failToBind('FAULT_OPTION', IP_PKTINFO, { address: '0.0.0.0' }),
    localIpv6: failToBind('FAULT_OPTION', IPV6_RECVPKTINFO, { address: '::', ipv6Only: true }),
    localDualStack: failToBind('FAULT_OPTION', IP_PKTINFO, { address: '::' }),
    oldSystem: failToBind('FAULT_OPTION', IPV6_FREEBIND, { address: '::' }),
    oneAddress: failToBind('FAULT_OPTION', IP_PKTINFO, {}),
    name: failToBind('FAULT_NAME', '1', {}),
    memory: failToBind('FAULT_MEMORY', '1001', { batchSize: 1001, sendQueueSize: 1002 }),
    moreMemory: failToBind('FAULT_MEMORY', '1002', { batchSize: 1001, sendQueueSize: 1002 }),
  }),
)

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

// Ends threads in several ways while datagrams keep arriving, and prints what they leave behind.

const ROUNDS = 5
const ENDINGS = ['terminate', 'terminate-busy', 'exit', 'close', 'throw']
const WORKER = fileURLToPath(new URL('ending-worker.ts', import.meta.url))

function openSockets(): number {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:')
    } catch {
      return false
    }
  }).length
}

const client = createSocket('udp4')
const ports = new Set<number>()
let replies = 0
client.on('message', () => void replies++)
client.bind(0, '127.0.0.1')
await once(client, 'listening')
const before = openSockets()
const load = setInterval(() => {
  for (const port of ports)
    for (let count = 0; count < 20; count++) client.send('x', port, '127.0.0.1')
}, 1)

async function endThread(ending: string): Promise<number> {
  const worker = new Worker(WORKER, { workerData: ending, stderr: true })
  // Not `once`, which rejects on an error of the thread.
  const exited = new Promise<number>((resolve) => worker.once('exit', resolve))
  worker.on('error', () => undefined)
  const [port] = (await once(worker, 'message')) as [number]
  ports.add(port)
  // The second message reports a received datagram. An error may precede it.
  await once(worker, 'message').catch(() => undefined)
  if (ending.startsWith('terminate')) await worker.terminate()
  const code = await exited
  ports.delete(port)
  return code
}

const codes: Record<string, number[]> = {}
for (let round = 0; round < ROUNDS; round++) {
  const ended = await Promise.all(ENDINGS.map(endThread))
  for (const [index, ending] of ENDINGS.entries())
    (codes[ending] ??= []).push(ended.at(index) as number)
}
clearInterval(load)
console.log(JSON.stringify({ codes, left: openSockets() - before, replied: replies > 0 }))
client.close()

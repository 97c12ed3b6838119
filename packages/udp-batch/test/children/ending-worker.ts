import { parentPort, workerData } from 'node:worker_threads'
import { BatchSocket } from '@chihaya/udp-batch'

// A thread that answers, and ends in the given way after the first datagram.

let first = true
const socket = BatchSocket.bind({ address: '127.0.0.1', port: 0 }, (batch) => {
  for (let index = 0; index < batch.count; index++) batch.reply(index, 5)
  if (!first) return
  first = false
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has none
  parentPort?.postMessage('received')
  if (workerData === 'exit') process.exit(5)
  if (workerData === 'throw') throw new Error('on purpose')
  if (workerData === 'close') socket.close()
  if (workerData === 'terminate-busy') for (;;) socket.counters()
})
// A second socket, which is idle and never closed.
const idle = BatchSocket.bind({ address: '127.0.0.1', port: 0 }, () => undefined)
if (workerData === 'close') idle.pause()
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has none
parentPort?.postMessage(socket.address().port)

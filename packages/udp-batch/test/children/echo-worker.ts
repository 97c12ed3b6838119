import { parentPort } from 'node:worker_threads'
import { BatchSocket } from '@chihaya/udp-batch'

// A thread that answers on two sockets until it is terminated, and reports the port of the first.
const sockets = [0, 1].map(() =>
  BatchSocket.bind({ address: '127.0.0.1', port: 0, batchSize: 4 }, (batch) => {
    for (let index = 0; index < batch.count; index++) {
      const length = batch.input.copy(
        batch.output,
        batch.replyStart(index),
        batch.start(index),
        batch.end(index),
      )
      batch.reply(index, length)
    }
  }),
)
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has none
parentPort?.postMessage(sockets[0]?.address().port)

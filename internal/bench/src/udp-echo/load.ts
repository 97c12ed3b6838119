import { BatchSocket } from '@chihaya/udp-batch'
import { RECEIVE_BUFFER, REQUEST_LENGTH } from './datagrams.ts'

const STALLED = 50

/**
 * A load generator process: `load.ts PORT WINDOW SECONDS`. Keeps WINDOW requests in flight to a port
 * of 127.0.0.1, and tells its parent the number of responses when asked.
 */
const [port, window, seconds] = process.argv.slice(2).map(Number) as [number, number, number]
const server = Uint8Array.of(127, 0, 0, 1)
const request = new Uint8Array(REQUEST_LENGTH)
let replies = 0

const options = {
  address: '127.0.0.1',
  port: 0,
  receiveBufferSize: RECEIVE_BUFFER,
  maxReply: REQUEST_LENGTH,
  sendQueueSize: 1024,
}
const socket = BatchSocket.bind(options, (batch) => {
  replies += batch.count
  for (let index = 0; index < batch.count; index++) batch.reply(index, REQUEST_LENGTH)
})

function fill(): void {
  for (let count = 0; count < window; count++) socket.send(request, server, port)
}

fill()
let seen = 0
const timer = setInterval(() => {
  if (replies === seen) fill()
  seen = replies
}, STALLED)
process.on('message', () => process.send?.(replies))
process.once('disconnect', stop)
setTimeout(stop, seconds * 1000)

function stop(): void {
  clearInterval(timer)
  socket.close()
  process.exit()
}

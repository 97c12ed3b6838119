import { createSocket } from 'node:dgram'
import { BatchSocket } from '@chihaya/udp-batch'

// The callback throws for certain datagrams, after it has set their replies: `throw.ts [catch]`.

const caught: string[] = []
if (process.argv[2] === 'catch')
  process.on('uncaughtException', (error) => caught.push(error.message))

const socket = BatchSocket.bind({ address: '127.0.0.1', port: 0, batchSize: 1 }, (batch) => {
  batch.reply(0, batch.input.copy(batch.output, batch.replyStart(0), batch.start(0), batch.end(0)))
  const text = batch.input.toString('latin1', batch.start(0), batch.end(0))
  if (text.startsWith('throw')) throw new Error(text)
  if (text.startsWith('reject')) return Promise.reject(new Error(text)) as unknown as void
  return undefined
})

const messages = ['before', 'throw 1', 'between', 'throw 2', 'reject', 'after']
const replies: string[] = []
const client = createSocket('udp4')
client.on('message', (message) => {
  replies.push(message.toString())
  if (replies.length < messages.length) return
  // The rejection is reported at the end of the turn.
  setImmediate(() => {
    console.log(JSON.stringify({ replies, caught }))
    client.close()
    socket.close()
  })
})
client.bind(0, '127.0.0.1', () => {
  for (const message of messages) client.send(message, socket.address().port, '127.0.0.1')
})

import { BatchSocket } from '@chihaya/udp-batch'
import { RECEIVE_BUFFER, REPLY_LENGTH } from './datagrams.ts'

/** Answers every datagram on a port of 127.0.0.1 through batches. */
const options = { address: '127.0.0.1', port: 0, receiveBufferSize: RECEIVE_BUFFER }
const socket = BatchSocket.bind(options, (batch) => {
  for (let index = 0; index < batch.count; index++) {
    batch.input.copy(batch.output, batch.replyStart(index), batch.start(index), batch.end(index))
    batch.reply(index, REPLY_LENGTH)
  }
})
process.send?.(socket.address().port)

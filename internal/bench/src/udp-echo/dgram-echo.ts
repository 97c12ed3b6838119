import { createSocket } from 'node:dgram'
import { RECEIVE_BUFFER, REPLY_LENGTH } from './datagrams.ts'

/** Answers every datagram on a port of 127.0.0.1 through `node:dgram`. */
const socket = createSocket({
  type: 'udp4',
  recvBufferSize: RECEIVE_BUFFER,
  // Skips the resolver, which the default asks about the address of each response.
  lookup: (literal, _options, done) => done(null, literal, 4),
})
const sent = (): void => undefined
socket.on('message', (message, remote) => {
  const reply = Buffer.allocUnsafe(REPLY_LENGTH)
  message.copy(reply)
  socket.send(reply, 0, REPLY_LENGTH, remote.port, remote.address, sent)
})
socket.bind(0, '127.0.0.1', () => process.send?.(socket.address().port))

import { BatchSocket } from '@chihaya/udp-batch'

// Exits with an open socket, from its callback.
const socket = BatchSocket.bind({ address: '127.0.0.1', port: 0 }, () => {
  console.log('open')
  process.exit(7)
})
BatchSocket.bind({ address: '127.0.0.1', port: 0 }, () => undefined)
socket.send(Buffer.from('x'), Uint8Array.of(127, 0, 0, 1), socket.address().port)

import { BatchSocket } from '@chihaya/udp-batch'

// Only the socket could keep this process running.
const socket = BatchSocket.bind({ address: '127.0.0.1', port: 0 }, () => undefined)
setTimeout(() => (process.argv[2] === 'pause' ? socket.pause() : socket.close()), 10)
process.once('exit', () => console.log('ended'))

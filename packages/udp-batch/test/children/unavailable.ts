import { BatchSocket, unavailable } from '@chihaya/udp-batch'

let thrown: unknown
try {
  BatchSocket.bind({ address: '127.0.0.1', port: 0 }, () => undefined).close()
} catch (error) {
  thrown = error instanceof Error ? error.message : error
}
console.log(JSON.stringify({ reason: unavailable(), thrown }))

import { setTimeout as sleep } from 'node:timers/promises'
import { BatchSocket } from '@chihaya/udp-batch'

// Counts the turns of the event loop while sockets are idle, before and after some datagrams.

const LOCAL = Uint8Array.of(127, 0, 0, 1)
const sockets = Array.from({ length: 10 }, () =>
  BatchSocket.bind({ address: '127.0.0.1', port: 0 }, (batch) => batch.reply(0, 0)),
)

async function turns(): Promise<number> {
  const before = performance.nodeTiming.uvMetricsInfo.loopCount
  await sleep(300)
  return performance.nodeTiming.uvMetricsInfo.loopCount - before
}

await sleep(50)
const before = await turns()
const [one, other] = sockets
other?.pause()
// Two sockets that answer each other would never be idle, so only one reads.
if (one && other) other.send(LOCAL, LOCAL, one.address().port)
await sleep(50)
const after = await turns()
console.log(JSON.stringify({ before, after, received: one?.counters().received }))
for (const socket of sockets) socket.close()

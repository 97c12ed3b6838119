import { TestTracker } from '@internal/test-tracker'
import { setTimeout } from 'node:timers/promises'
import { privateTracker } from '../src/plugin.ts'
import { infoHash } from './site.ts'

// `member-tracker.ts FOLDER USERS`: a private tracker with so many users, and one torrent. Prints
// where it listens, and stops cleanly when its standard input ends.

const [folder = '', users = '0'] = process.argv.slice(2)

const tracker = await TestTracker.start({
  register: (app) => void app.register(privateTracker, { folder, flushInterval: '20ms' }),
})
const site = tracker.app.privateTracker
while (!site.ready) {
  // oxlint-disable-next-line no-await-in-loop
  await setTimeout(5)
}
for (let id = 1; id <= Number(users); id++) {
  // oxlint-disable-next-line no-await-in-loop
  await site.users.put({ id, passkey: `passkey-of-user-${id}` })
}
await site.torrents.put({ id: 1, infoHash: infoHash(1) })
console.log(tracker.url('http', ''))
process.stdin.on('end', () => void tracker[Symbol.asyncDispose]())
process.stdin.resume()

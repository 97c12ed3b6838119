// `npm start -- ARGUMENTS`: install what is missing, build what changed, run the tracker with
// ARGUMENTS. package.json has `exec` and npm's own Node for it, since any shell in between, such as
// the one that is `node_modules/.bin/node`, would keep npm's signals to itself.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { build } from './build.mjs'
import { environment, projectNode, root } from './command.mjs'
import { install } from './install.mjs'

await install()
await build()

const tracker = spawn(
  projectNode(),
  [join(root, 'apps/tracker/dist/main.js'), ...process.argv.slice(2)],
  {
    env: environment(),
    stdio: 'inherit',
    // A process group of its own: a terminal sends Ctrl-C to all of its group and npm passes it on
    // once more, but to the tracker a second signal means "stop at once". So signals come through
    // here, and repeated ones only when they are meant.
    detached: true,
  },
)

const REPEATED = 500
const lastSent = new Map()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) {
  process.on(signal, () => {
    const now = Date.now()
    if (now - (lastSent.get(signal) ?? 0) < REPEATED) return
    lastSent.set(signal, now)
    tracker.kill(signal)
  })
}

tracker.on('error', (error) => {
  console.error(`The tracker did not start: ${error.message}`)
  process.exitCode = 1
})
tracker.on('exit', (code, signal) => {
  process.exit(code ?? 128 + constants.signals[signal])
})

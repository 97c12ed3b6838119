// `npm start -- ARGUMENTS`: install, build, and run the tracker with ARGUMENTS. package.json starts
// this with `exec` and npm's own Node.js, because a shell in between, such as the script
// `node_modules/.bin/node`, would swallow npm's signals.
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
    // A separate process group: the terminal sends Ctrl-C to its whole group and npm forwards it
    // again, but a second signal makes the tracker stop at once. Signals are forwarded below,
    // without such repetitions.
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

// `node scripts/assemble.mjs FOLDER`: put the tracker and all it needs at run time into a new
// folder, which Node.js alone can run: `node FOLDER/dist/main.js`. `--built` takes what is
// installed and built already.
import { existsSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from './build.mjs'
import { capture, pnpmFolder, projectNode, step } from './command.mjs'
import { install } from './install.mjs'

const words = process.argv.slice(2)
const [folder] = words.filter((word) => !word.startsWith('--'))
if (folder === undefined) {
  console.error('Usage: node scripts/assemble.mjs [--built] FOLDER')
  process.exit(2)
}
const target = resolve(folder)
if (existsSync(target) && readdirSync(target).length > 0) {
  console.error(`${target} is there already, and not empty`)
  process.exit(1)
}

if (!words.includes('--built')) {
  await install()
  await build()
}
const pnpm = join(pnpmFolder, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs')
const store = await capture(process.execPath, [pnpm, 'store', 'path'])
await step('Assembling', process.execPath, [
  pnpm,
  '--filter=@chihaya/tracker',
  'deploy',
  '--prod',
  // Copies of our own packages instead of links to them, in the versions of the lockfile.
  '--config.injectWorkspacePackages=true',
  // What is installed already is at hand, although a folder on another disk would have a store of
  // its own.
  `--config.storeDir=${store.output.trim()}`,
  '--config.preferOffline=true',
  '--loglevel=error',
  target,
])
await compileBatches()

/** pnpm copies what is published, so the binary of this machine has to be made once more. */
async function compileBatches() {
  const frontend = realpathSync(join(target, 'node_modules', '@chihaya', 'udp-frontend'))
  const script = join(frontend, '..', 'udp-batch', 'scripts', 'compile.mjs')
  await step('Compiling', projectNode(), [script, '--optional'])
  // Names folders of this machine, and is for pnpm alone.
  rmSync(join(target, 'node_modules', '.pnpm', 'lock.yaml'), { force: true })
  rmSync(join(target, 'pnpm-lock.yaml'), { force: true })
}

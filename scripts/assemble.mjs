// `node scripts/assemble.mjs FOLDER`: copy the tracker and its dependencies into a new folder that
// needs only Node.js: `node FOLDER/dist/main.js`. `--built` skips the install and the build.
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
  console.error(`${target} exists and is not empty`)
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
  // Copies of the workspace's packages instead of links, with the lockfile's versions.
  '--config.injectWorkspacePackages=true',
  // Use the store of the checkout, even if the folder is on another disk.
  `--config.storeDir=${store.output.trim()}`,
  '--config.preferOffline=true',
  '--loglevel=error',
  target,
])
await compileBatches()

/** Compiles the native module again: pnpm copies only published files. */
async function compileBatches() {
  const frontend = realpathSync(join(target, 'node_modules', '@chihaya', 'udp-frontend'))
  const script = join(frontend, '..', 'udp-batch', 'scripts', 'compile.mjs')
  await step('Compiling', projectNode(), [script, '--optional'])
  // These files are only for pnpm, and name folders of this machine.
  rmSync(join(target, 'node_modules', '.pnpm', 'lock.yaml'), { force: true })
  rmSync(join(target, 'pnpm-lock.yaml'), { force: true })
}

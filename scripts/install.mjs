import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { cache, pnpmFolder, root, step, succeeds } from './command.mjs'

const stampFile = join(cache, 'installed')
const pnpm = join(pnpmFolder, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs')

/** Installs pnpm and the dependencies, unless they match the lockfile already. */
export async function install() {
  if (existsSync(pnpm) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp())
    return
  await installPnpm()
  // Errors only: on an older Node.js, pnpm warns about the `engines` of every package, although
  // everything runs on the Node.js that it installs.
  const args = [
    'install',
    '--frozen-lockfile',
    '--loglevel=error',
    '--config.confirmModulesPurge=false',
  ]
  await step('Installing dependencies', process.execPath, [pnpm, ...args])
  writeFileSync(stampFile, stamp())
}

/** Installs pnpm into the checkout's cache, so that no global version is changed or used. */
async function installPnpm() {
  const version = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ).packageManager.replace('pnpm@', '')
  if (installedPnpm() === version && succeeds(process.execPath, [pnpm, '--version'])) return
  rmSync(pnpmFolder, { recursive: true, force: true })
  mkdirSync(pnpmFolder, { recursive: true })
  const args = [
    'install',
    '--prefix',
    pnpmFolder,
    '--no-save',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
    `pnpm@${version}`,
  ]
  await step(`Installing pnpm ${version}`, ...npm(args))
}

function installedPnpm() {
  const manifest = join(pnpmFolder, 'node_modules', 'pnpm', 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined
}

/** A command of the npm that runs this script, or else of the npm on the PATH. */
export function npm(args) {
  const running = process.env.npm_execpath
  return running?.endsWith('npm-cli.js') ? [process.execPath, [running, ...args]] : ['npm', args]
}

/** A digest of everything that decides what is installed, and of pnpm's own stamp. */
function stamp() {
  const manifests = ['packages', 'apps', 'internal', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .sort((a, b) => a.localeCompare(b))
      .map((name) => join(folder, name, 'package.json')),
  )
  const digest = createHash('sha256')
  for (const file of [
    'package.json',
    'pnpm-workspace.yaml',
    'pnpm-lock.yaml',
    '.npmrc',
    ...manifests,
  ]) {
    if (existsSync(join(root, file)))
      digest.update(`${file}\0`).update(readFileSync(join(root, file)))
  }
  const installed = join(root, 'node_modules', '.modules.yaml')
  return digest
    .update(existsSync(installed) ? String(statSync(installed).mtimeMs) : 'nothing')
    .digest('hex')
}

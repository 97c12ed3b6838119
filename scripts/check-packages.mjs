// Packs every public package and checks the tarballs, as users will get them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cache, capture, root } from './command.mjs'

const tarballs = join(cache, 'tarballs')

const packages = ['packages', 'apps']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
  .filter(
    (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).private !== true,
  )

rmSync(tarballs, { recursive: true, force: true })
mkdirSync(tarballs, { recursive: true })
const complaints = (await Promise.all(packages.map(check))).filter((complaint) => complaint !== '')
console.log(complaints.join('\n'))
process.exitCode = complaints.length === 0 ? 0 : 1

/** Returns the problems of a package, or an empty text. */
async function check(folder) {
  const missing = missingScripts(folder)
  if (missing.length > 0) return `${folder}/package.json runs missing files: ${missing.join(', ')}`
  const packed = await capture(
    'pnpm',
    ['pack', '--loglevel=error', '--pack-destination', tarballs],
    { cwd: folder },
  )
  const tarball = /^\/.*\.tgz$/m.exec(packed.output)?.[0]
  if (packed.code !== 0 || tarball === undefined) return packed.output
  // Not `attw --pack`: npm would leave pnpm's `workspace:` and `catalog:` in the manifest.
  const checks = [
    capture('publint', ['run', tarball, '--strict']),
    capture('attw', [tarball, '--profile', 'esm-only', '--no-emoji']),
  ]
  const failed = (await Promise.all(checks)).filter(({ code }) => code !== 0)
  return failed.map(({ output }) => output).join('\n')
}

/** Files that a package's scripts run but that do not exist. Rarely used scripts rot unseen. */
function missingScripts(folder) {
  const { scripts = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = Object.values(scripts).flatMap(
    (script) => /^node (scripts\/\S+)/.exec(script)?.[1] ?? [],
  )
  return files.filter((file) => !existsSync(join(folder, file)))
}

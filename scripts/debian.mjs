import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Whether Debian packages can be installed: needs Debian and root. */
export function canInstallDebianPackages() {
  return existsSync('/etc/debian_version') && process.getuid?.() === 0
}

/** Installs Debian packages without prompts. Prints errors. */
export function installDebianPackages(names) {
  console.log(`Installing Debian packages: ${names.join(' ')}`)
  return aptGet('update') && aptGet('install', '--yes', '--no-install-recommends', ...names)
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync('apt-get', ['--quiet=2', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  if (status !== 0) process.stderr.write(`apt-get ${args[0]} failed:\n${stdout}${stderr}`)
  return status === 0
}

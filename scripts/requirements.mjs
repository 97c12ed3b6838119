import { succeeds } from './command.mjs'
import { canInstallDebianPackages, installDebianPackages } from './debian.mjs'
import { canIsolate } from './private-network.mjs'

/** What some tests need and npm cannot give: how to see it, the Debian package it is in, and the tests that need it. */
const requirements = [
  {
    name: 'openssl',
    package: 'openssl',
    isThere: () => succeeds('openssl', ['version']),
    tests: '{apps/tracker/test/https,packages/storage-redis/test/boot}.test.ts',
  },
  {
    name: 'redis-server',
    package: 'redis-server',
    isThere: () => succeeds('redis-server', ['--version']),
    tests: '{packages/storage-redis/test/**,apps/tracker/test/redis-config.test.ts}',
  },
  { name: 'ip', package: 'iproute2', isThere: () => succeeds('ip', ['-V']), tests: 'internal/e2e/test/**' },
  { name: 'unshare', package: 'util-linux', isThere: () => succeeds('unshare', ['--version']), tests: 'internal/e2e/test/**' },
  {
    name: 'aria2c',
    package: 'aria2',
    isThere: () => succeeds('aria2c', ['--version']),
    tests: 'internal/e2e/test/{aria2,mixed-clients}.test.ts',
  },
  {
    name: 'libtorrent for Python',
    package: 'python3-libtorrent',
    isThere: () => succeeds('/usr/bin/python3', ['-c', 'import libtorrent']),
    tests: 'internal/e2e/test/{libtorrent,libtorrent-*,mixed-clients}.test.ts',
  },
  {
    name: 'transmission-cli',
    package: 'transmission-cli',
    isThere: () => succeeds('transmission-cli', ['--version']),
    tests: 'internal/e2e/test/transmission.test.ts',
  },
]

/**
 * Installs what is missing, where that is allowed.
 * @returns what is missing still, each with a sentence on what to do and the glob of the tests to leave out.
 */
export function meetRequirements() {
  const missing = requirements.filter((requirement) => !requirement.isThere())
  const packages = [...new Set(missing.map((requirement) => requirement.package))]
  if (packages.length > 0 && canInstallDebianPackages()) installDebianPackages(packages)
  const unmet = missing
    .filter((requirement) => !requirement.isThere())
    .map(({ name, package: from, tests }) => ({ tests, advice: `needs ${name}: install the Debian package ${from}` }))
  if (!canIsolate()) {
    unmet.push({ tests: 'internal/e2e/test/**', advice: 'needs a network namespace: run it as root, or allow user namespaces' })
  }
  return unmet
}

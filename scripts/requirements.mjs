import { existsSync } from 'node:fs'
import { succeeds } from './command.mjs'
import { canInstallDebianPackages, installDebianPackages } from './debian.mjs'
import { hasHelm, installHelm } from './helm.mjs'
import { canIsolate } from './private-network.mjs'

/** The smallest libFuzzer target. */
const FUZZ_TARGET = 'int LLVMFuzzerTestOneInput(void) { return 0; }'

/**
 * Programs that some tests need and `pnpm install` cannot provide: how to detect each, its Debian
 * packages or another way to install it, and the tests that need it.
 */
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
    tests:
      '{packages/storage-redis/test/**,packages/status/test/redis.test.ts,apps/tracker/test/{redis-config,secrecy}.test.ts,' +
      'internal/e2e/test/{shared-swarms,udp-reply-address}.test.ts}',
  },
  {
    name: 'chromium',
    // Half the size of the full browser, and needs no desktop.
    package: 'chromium-headless-shell',
    isThere: () =>
      succeeds('chromium-headless-shell', ['--version']) || succeeds('chromium', ['--version']),
    tests: 'packages/status/test/page.test.ts',
  },
  {
    name: 'ip',
    package: 'iproute2',
    isThere: () => succeeds('ip', ['-V']),
    tests: 'internal/e2e/test/**',
  },
  {
    name: 'unshare',
    package: 'util-linux',
    isThere: () => succeeds('unshare', ['--version']),
    tests: 'internal/e2e/test/**',
  },
  {
    name: 'aria2c',
    package: 'aria2',
    isThere: () => succeeds('aria2c', ['--version']),
    tests: 'internal/e2e/test/{aria2,mixed-clients,shared-swarms}.test.ts',
  },
  {
    name: 'libtorrent for Python',
    package: 'python3-libtorrent',
    isThere: () => succeeds('/usr/bin/python3', ['-c', 'import libtorrent']),
    tests: 'internal/e2e/test/{libtorrent,libtorrent-*,mixed-clients,shared-swarms}.test.ts',
  },
  {
    name: 'transmission-cli',
    package: 'transmission-cli',
    isThere: () => succeeds('transmission-cli', ['--version']),
    tests: 'internal/e2e/test/transmission.test.ts',
  },
  {
    name: 'opentracker, and the right to become another user',
    package: 'opentracker',
    isThere: () =>
      existsSync('/usr/bin/opentracker') && succeeds('setpriv', ['--reuid=10001', 'true']),
    tests: 'internal/e2e/test/opentracker.test.ts',
  },
  {
    name: 'prometheus',
    package: 'prometheus',
    isThere: () => succeeds('prometheus', ['--version']) && succeeds('promtool', ['--version']),
    tests: 'internal/e2e/test/dashboard.test.ts',
  },
  {
    name: 'clang with libFuzzer and the sanitizers',
    // The clang package only recommends the sanitizers.
    package: ['clang', 'libclang-rt-dev'],
    isThere: () =>
      succeeds('sh', [
        '-c',
        `echo '${FUZZ_TARGET}' | clang -xc -fsanitize=fuzzer,address,undefined - -o /dev/null`,
      ]),
    tests: 'internal/fuzz/test/native.test.ts',
  },
  {
    name: 'prlimit',
    package: 'util-linux',
    isThere: () => succeeds('prlimit', ['--version']),
    tests: 'apps/tracker/test/fault-{descriptors,start}.test.ts',
  },
  {
    name: 'haproxy',
    package: 'haproxy',
    isThere: () => succeeds('haproxy', ['-v']),
    tests: 'apps/tracker/test/haproxy.test.ts',
  },
  {
    name: 'libfaketime',
    package: 'faketime',
    isThere: () => succeeds('faketime', ['--version']),
    tests: 'apps/tracker/test/fault-clock.test.ts',
  },
  {
    name: 'systemd-analyze',
    package: 'systemd',
    isThere: () => succeeds('systemd-analyze', ['--version']),
    tests: 'internal/deploy-test/test/systemd.test.ts',
  },
  {
    name: 'bubblewrap, and permission to change the user',
    package: 'bubblewrap',
    isThere: () =>
      succeeds('bwrap', ['--version']) && succeeds('setpriv', ['--reuid=10001', 'true']),
    tests: 'internal/deploy-test/test/image.test.ts',
  },
  {
    name: 'mariadbd',
    package: 'mariadb-server',
    isThere: () => succeeds('mariadbd', ['--version']),
    tests: 'packages/backend-sql/test/{native,exactly-once}.test.ts',
  },
  {
    name: 'PostgreSQL, and permission to change the user',
    package: 'postgresql',
    isThere: () =>
      existsSync('/usr/lib/postgresql') && succeeds('setpriv', ['--reuid=10001', 'true']),
    tests: 'packages/backend-sql/test/{native,exactly-once}.test.ts',
  },
  {
    name: 'unzip',
    package: 'unzip',
    isThere: () => succeeds('unzip', ['-v']),
    tests: 'internal/deploy-test/test/chart*.test.ts',
  },
  {
    name: 'helm',
    install: installHelm,
    isThere: hasHelm,
    tests: 'internal/deploy-test/test/chart*.test.ts',
  },
]

/**
 * Installs missing programs if possible.
 * @returns what is still missing, each with advice and the glob of the tests to skip.
 */
export function meetRequirements() {
  const missing = requirements.filter((requirement) => !requirement.isThere())
  const packages = [...new Set(missing.flatMap((requirement) => requirement.package ?? []))]
  if (packages.length > 0 && canInstallDebianPackages()) installDebianPackages(packages)
  for (const requirement of missing) requirement.install?.()
  const unmet = missing
    .filter((requirement) => !requirement.isThere())
    .map(({ name, package: from, tests }) => ({
      tests,
      advice: `needs ${name}: ${from === undefined ? 'put it on the PATH' : `install the Debian package ${[from].flat().join(' and ')}`}`,
    }))
  if (!canIsolate()) {
    unmet.push({
      tests: 'internal/e2e/test/**',
      advice: 'needs network namespaces: run it as root, or allow user namespaces',
    })
  }
  return unmet
}

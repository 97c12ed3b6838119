import { succeeds } from './command.mjs'

// `ip netns` keeps names in /run. The tests get a private /run, which also holds their files, so
// that nothing outlives them.
const SETUP =
  'mount -t tmpfs tmpfs /run && mkdir /run/tmp && export TMPDIR=/run/tmp && ip link set lo up && "$@"'

/**
 * Wraps a command to run in a private network that has only a loopback interface. When the command
 * ends, every process that it left behind ends with it.
 */
export function inPrivateNetwork(command, args) {
  const rights = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const namespaces = [
    ...rights,
    '--net',
    '--mount',
    '--pid',
    '--mount-proc',
    '--fork',
    '--kill-child',
  ]
  return ['unshare', [...namespaces, 'sh', '-c', SETUP, 'sh', command, ...args]]
}

/** Whether this machine allows private networks. */
export function canIsolate() {
  return succeeds(...inPrivateNetwork('true', []))
}

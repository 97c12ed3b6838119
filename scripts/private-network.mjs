import { succeeds } from './command.mjs'

// `ip netns` keeps its names in /run. The tests get one of their own, with room for their files:
// nothing outlives them.
const SETUP =
  'mount -t tmpfs tmpfs /run && mkdir /run/tmp && export TMPDIR=/run/tmp && ip link set lo up && "$@"'

/**
 * The words to put before a command so that it runs in a network of its own, with nothing but a
 * loopback interface: what it does there reaches nobody, and when it ends, every process it left
 * behind ends with it.
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

/** Whether this machine lets us do that. */
export function canIsolate() {
  return succeeds(...inPrivateNetwork('true', []))
}

import { fileURLToPath } from 'node:url'
import type { ClientSetup } from './client.ts'
import { Program } from './program.ts'

const SCRIPT = fileURLToPath(new URL('libtorrent_peer.py', import.meta.url))

/**
 * Starts libtorrent, which announces on the input line `announce`. Only Debian's own Python has the
 * bindings, not another one on the PATH.
 */
export function libtorrent({ host, folder, torrentFile, leaveOut }: ClientSetup): Program {
  const options = leaveOut.map((index) => `--leave-out=${index}`)
  return new Program(host, '/usr/bin/python3', [
    SCRIPT,
    torrentFile,
    folder,
    host.ipv4,
    `[${host.ipv6}]`,
    ...options,
  ])
}

import { join } from 'node:path'
import type { ClientSetup } from './client.ts'
import { Program } from './program.ts'

/** Starts aria2. */
export function aria2({ host, folder, torrentFile }: ClientSetup): Program {
  return new Program(host, 'aria2c', [
    `--dir=${folder}`,
    '--no-conf',
    '--listen-port=6881',
    // Files that are there already are checked and then shared.
    '--check-integrity=true',
    '--seed-ratio=0.0',
    '--file-allocation=none',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    // Without it aria2 does not speak UDP to trackers; here there is nobody to find that way.
    '--enable-dht=true',
    `--dht-file-path=${join(folder, '.dht')}`,
    '--enable-dht6=false',
    '--disable-ipv6=false',
    '--enable-color=false',
    '--console-log-level=info',
    '--summary-interval=0',
    torrentFile,
  ])
}

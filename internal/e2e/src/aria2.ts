import { join } from 'node:path'
import type { ClientSetup } from './client.ts'
import { Program } from './program.ts'

/** Starts aria2. */
export function aria2({ host, folder, torrentFile }: ClientSetup): Program {
  return new Program(host, 'aria2c', [
    `--dir=${folder}`,
    '--no-conf',
    '--listen-port=6881',
    // Verify existing files and share them.
    '--check-integrity=true',
    '--seed-ratio=0.0',
    '--file-allocation=none',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    // aria2 needs DHT for UDP trackers. There are no DHT nodes here.
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

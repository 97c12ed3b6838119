import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClientSetup } from './client.ts'
import { Program } from './program.ts'

const SETTINGS = {
  'dht-enabled': false,
  'lpd-enabled': false,
  'pex-enabled': false,
  'port-forwarding-enabled': false,
  'peer-port': 6881,
  'rename-partial-files': false,
}

/** Starts Transmission. */
export async function transmission({ host, folder, torrentFile }: ClientSetup): Promise<Program> {
  const config = join(folder, '.transmission')
  await mkdir(config)
  await writeFile(join(config, 'settings.json'), JSON.stringify(SETTINGS))
  return new Program(host, 'transmission-cli', [
    '--config-dir',
    config,
    '--download-dir',
    folder,
    torrentFile,
  ])
}

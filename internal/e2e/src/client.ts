import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from './network.ts'
import type { Program } from './program.ts'
import type { Torrent } from './torrent.ts'

/** What a client is given to start with. */
export interface ClientSetup {
  readonly host: Host
  /** Where it downloads to. */
  readonly folder: string
  /** Its .torrent file. */
  readonly torrentFile: string
  /** Indexes of files that it is not to download, where the client can do that. */
  readonly leaveOut: readonly number[]
}

/** Starts a BitTorrent client, which goes on until it is stopped. */
export type StartClient = (setup: ClientSetup) => Program | Promise<Program>

/** A BitTorrent client at work on one torrent. */
export interface Client {
  readonly host: Host
  readonly program: Program
  readonly folder: string
}

/** Whether a client has all files of a torrent, or those with the given indexes, byte for byte. */
export async function hasFiles(
  client: Client,
  torrent: Torrent,
  indexes?: readonly number[],
): Promise<boolean> {
  const wanted = indexes
    ? torrent.files.filter((_, index) => indexes.includes(index))
    : torrent.files
  const found = await Promise.all(
    wanted.map(({ path, content }) =>
      readFile(join(client.folder, path)).then(
        (bytes) => bytes.equals(content),
        () => false,
      ),
    ),
  )
  return found.every(Boolean)
}

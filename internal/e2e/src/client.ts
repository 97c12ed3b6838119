import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from './network.ts'
import type { Program } from './program.ts'
import type { Torrent } from './torrent.ts'

/** The setup of a client. */
export interface ClientSetup {
  readonly host: Host
  /** The download folder. */
  readonly folder: string
  /** Its .torrent file. */
  readonly torrentFile: string
  /** Indexes of files to skip, for clients that support it. */
  readonly leaveOut: readonly number[]
}

/** Starts a BitTorrent client, which runs until it is stopped. */
export type StartClient = (setup: ClientSetup) => Program | Promise<Program>

/** A running BitTorrent client with one torrent. */
export interface Client {
  readonly host: Host
  readonly program: Program
  readonly folder: string
}

/** Whether a client has exactly the files of a torrent, or those at `indexes`. */
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

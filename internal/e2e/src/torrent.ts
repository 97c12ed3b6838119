import { createHash, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bencode, infoHashFrom, utf8, type Bencodable, type InfoHash } from '@chihaya/bittorrent'

const PIECE_LENGTH = 64 * 1024
const NAME = 'shared'

interface SharedFile {
  /** Relative to the client's download folder. */
  readonly path: string
  readonly content: Buffer
}

/** A torrent with random content. */
export interface Torrent {
  readonly infoHash: InfoHash
  /** The info dictionary, which all its .torrent files share. */
  readonly info: Bencodable
  /** The .torrent file (BEP 3). */
  readonly metainfo: Buffer
  readonly files: readonly SharedFile[]
}

/** Creates a torrent with a file of each length and a single tracker. */
export function createTorrent(announceUrl: string, lengths: readonly number[]): Torrent {
  const files = lengths.map((length, index) => ({
    path: join(NAME, `file-${index}.bin`),
    content: randomBytes(length),
  }))
  const info = new Map<string, Bencodable>([
    [
      'files',
      files.map(
        ({ content }, index) =>
          new Map<string, Bencodable>([
            ['length', content.length],
            ['path', [`file-${index}.bin`]],
          ]),
      ),
    ],
    ['name', NAME],
    ['piece length', PIECE_LENGTH],
    ['pieces', pieces(Buffer.concat(files.map(({ content }) => content)))],
    // BEP 27: clients find peers only through the tracker.
    ['private', 1],
  ])
  return {
    infoHash: infoHashFrom(sha1(bencode(info)).toString('latin1')) as InfoHash,
    info,
    metainfo: metainfo(announceUrl, info),
    files,
  }
}

/** The same torrent with another tracker. */
export function announcedTo(announceUrl: string, torrent: Torrent): Torrent {
  return { ...torrent, metainfo: metainfo(announceUrl, torrent.info) }
}

function metainfo(announceUrl: string, info: Bencodable): Buffer {
  return bencode(
    new Map<string, Bencodable>([
      ['announce', utf8(announceUrl)],
      ['info', info],
    ]),
  )
}

/** Writes all files of the torrent into the download folder of a seeder. */
export async function writeFiles(torrent: Torrent, folder: string): Promise<void> {
  for (const { path, content } of torrent.files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

function pieces(content: Buffer): Buffer {
  const digests: Buffer[] = []
  for (let at = 0; at < content.length; at += PIECE_LENGTH)
    digests.push(sha1(content.subarray(at, at + PIECE_LENGTH)))
  return Buffer.concat(digests)
}

function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest()
}

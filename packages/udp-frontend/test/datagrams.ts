import { formatAddress, type AddressFamily } from '@chihaya/bittorrent'
import { readAnnounce, readError, writeConnect } from '@chihaya/client'

/** The infohash of the golden vectors: a0 a1 … b3. */
export const INFO_HASH: Buffer = Buffer.from(Array.from({ length: 20 }, (_, index) => 0xa0 + index))
export const PEER_ID: Buffer = Buffer.from('-TS0001-abcdefghijkl')
export const MAGIC: Buffer = writeConnect(0).subarray(0, 8)
export const NO_ID: Buffer = Buffer.alloc(8, 0x55)

/** Events as BEP 15 numbers them. */
export const EVENT = { none: 0, completed: 1, started: 2, stopped: 3, paused: 4 } as const

/** A view of the same bytes. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** The header of a request: connection id or magic, action, transaction id. */
export function header(id: Uint8Array, action: number, transaction = 0x11223344): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.set(id)
  bytes.writeUInt32BE(action, 8)
  bytes.writeUInt32BE(transaction, 12)
  return bytes
}

export function connect(transaction = 0x11223344): Buffer {
  return writeConnect(transaction)
}

export interface AnnounceFields {
  readonly action: number
  readonly transaction: number
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
  readonly downloaded: bigint
  readonly left: bigint
  readonly uploaded: bigint
  readonly event: number
  /** 4 bytes, or the 16 of action 4. */
  readonly ip: Uint8Array
  readonly numWant: number
  readonly port: number
  /** The bytes after the announce, such as options (BEP 41). */
  readonly options: Uint8Array
}

/** An announce, by default from port 6881 with 1000 bytes left; may be malformed. */
export function announce(id: Uint8Array, fields: Partial<AnnounceFields> = {}): Buffer {
  const body = Buffer.alloc(68)
  body.set(fields.infoHash ?? INFO_HASH, 0)
  body.set(fields.peerId ?? PEER_ID, 20)
  body.writeBigUInt64BE(fields.downloaded ?? 0n, 40)
  body.writeBigUInt64BE(fields.left ?? 1000n, 48)
  body.writeBigUInt64BE(fields.uploaded ?? 0n, 56)
  body.writeUInt32BE(fields.event ?? EVENT.none, 64)
  const tail = Buffer.alloc(10)
  tail.writeUInt32BE(0xdeadbeef, 0)
  tail.writeInt32BE(fields.numWant ?? -1, 4)
  tail.writeUInt16BE(fields.port ?? 6881, 8)
  const start = header(id, fields.action ?? 1, fields.transaction)
  return Buffer.concat([
    start,
    body,
    fields.ip ?? Buffer.alloc(4),
    tail,
    fields.options ?? Buffer.alloc(0),
  ])
}

export function scrape(
  id: Uint8Array,
  infoHashes: readonly Uint8Array[],
  transaction?: number,
): Buffer {
  return Buffer.concat([header(id, 2, transaction), ...infoHashes])
}

export interface AnnounceReply {
  readonly action: number
  readonly transaction: number
  readonly interval: number
  readonly leechers: number
  readonly seeders: number
  /** `address:port`, sorted. */
  readonly peers: string[]
}

/** @throws {TypeError} unless the reply is one to an announce, of action 1 or 4. */
export function readAnnounceReply(
  reply: Buffer | undefined,
  family: AddressFamily = 'ipv4',
): AnnounceReply {
  if (!reply) throw new TypeError('no reply')
  const action = reply.readUInt32BE(0)
  if (action !== 1 && action !== 4) throw new TypeError(errorText(reply))
  const asAnnounce = Buffer.from(reply).fill(Buffer.of(0, 0, 0, 1), 0, 4)
  const { interval, complete, incomplete, peers } = readAnnounce(asAnnounce, family)
  return {
    action,
    transaction: reply.readUInt32BE(4),
    interval,
    leechers: incomplete,
    seeders: complete,
    peers: peers.map((peer) => `${formatAddress(peer.address)}:${peer.port}`).sort(),
  }
}

/** The text of an error reply, or a description of any other. */
export function errorText(reply: Buffer | undefined): string {
  if (!reply) return '(silence)'
  return readError(reply) ?? `(action ${reply.readUInt32BE(0)})`
}

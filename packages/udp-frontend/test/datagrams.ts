import { readCompactPeers, type AddressFamily } from '@chihaya/bittorrent'
import { formatAddress } from '@chihaya/bittorrent'

/** The infohash of the golden vectors: a0 a1 … b3. */
export const INFO_HASH: Buffer = Buffer.from(Array.from({ length: 20 }, (_, index) => 0xa0 + index))
export const PEER_ID: Buffer = Buffer.from('-TS0001-abcdefghijkl')
export const MAGIC: Buffer = Buffer.from('0000041727101980', 'hex')
export const NO_ID: Buffer = Buffer.alloc(8, 0x55)

/** Events as BEP 15 numbers them. */
export const EVENT = { none: 0, completed: 1, started: 2, stopped: 3, paused: 4 } as const

/** The same bytes, to read and write integers at. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** 16 bytes: connection id or magic, action, transaction id. */
export function header(id: Uint8Array, action: number, transaction = 0x11223344): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.set(id)
  bytes.writeUInt32BE(action, 8)
  bytes.writeUInt32BE(transaction, 12)
  return bytes
}

export function connect(transaction?: number): Buffer {
  return header(MAGIC, 0, transaction)
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
  /** BEP 41, or whatever follows the announce. */
  readonly options: Uint8Array
}

/** An announce with 1000 bytes left from port 6881, unless `fields` override it. */
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

/** @throws when there is no reply, or it is no announce reply. */
export function readAnnounceReply(
  reply: Buffer | undefined,
  family: AddressFamily = 'ipv4',
): AnnounceReply {
  if (!reply) throw new TypeError('no reply')
  const action = reply.readUInt32BE(0)
  if (action !== 1 && action !== 4) throw new TypeError(errorText(reply))
  return {
    action,
    transaction: reply.readUInt32BE(4),
    interval: reply.readUInt32BE(8),
    leechers: reply.readUInt32BE(12),
    seeders: reply.readUInt32BE(16),
    peers: readCompactPeers(reply.subarray(20), family)
      .map((peer) => `${formatAddress(peer.address)}:${peer.port}`)
      .sort(),
  }
}

/** The text of an error reply; says so when the reply is something else. */
export function errorText(reply: Buffer | undefined): string {
  if (!reply) return '(silence)'
  return reply.readUInt32BE(0) === 3
    ? reply.subarray(8).toString('utf8')
    : `(action ${reply.readUInt32BE(0)})`
}

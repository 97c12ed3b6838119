/**
 * Announces over UDP (BEP 15) that claim the address of their peer, as the tracker allows it here.
 */

const ANNOUNCE_LENGTH = 98
const CONNECT = Buffer.concat([Buffer.from('0000041727101980', 'hex'), Buffer.alloc(8)])

export function connectRequest(): Buffer {
  return CONNECT
}

/** The announce of a peer of a torrent, both by number. A third of all peers are seeders. */
export function announceRequest(
  connectionId: Buffer,
  torrent: number,
  peer: number,
  numWant: number,
): Buffer {
  const packet = Buffer.alloc(ANNOUNCE_LENGTH)
  connectionId.copy(packet, 0)
  packet.writeUInt32BE(1, 8)
  packet.write(`torrent ${torrent}`.padEnd(20, '.'), 16, 'latin1')
  packet.write(`-BE0001-${String(peer).padStart(12, '0')}`, 36, 'latin1')
  packet.writeBigUInt64BE(peer % 3 === 0 ? 0n : 1n, 64)
  // Public addresses from 20.0.0.0, as most peers have.
  packet.writeUInt32BE((20 << 24) + peer * 251 + (torrent % 251), 84)
  packet.writeInt32BE(numWant, 92)
  packet.writeUInt16BE(1024 + (peer % 60_000), 96)
  return packet
}

import { infoHashFrom, peerIdFrom, type InfoHash, type PeerId } from '@chihaya/bittorrent'
import { readConnect, UdpSocket, writeAnnounce, writeConnect } from '@chihaya/client'

const RETRANSMISSION = { retransmission: 500 }

/** The torrent of `announceByUdp`, unlike that of `announcePath`. */
const LEECHER = {
  infoHash: infoHashFrom('u'.repeat(20)) as InfoHash,
  peerId: peerIdFrom('-XX0001-bbbbbbbbbbbb') as PeerId,
  left: 1n,
}

/** Announces over UDP, optionally with a URL (BEP 41), and returns the response of BEP 15. */
export async function announceByUdp(
  address: string,
  port: number,
  peerPort = 6881,
  url = '',
): Promise<Buffer> {
  await using socket = await UdpSocket.open(address, port)
  const id = readConnect(await socket.request(writeConnect, RETRANSMISSION))
  return await socket.request(
    (transactionId) => writeAnnounce(id, transactionId, { ...LEECHER, port: peerPort }, url),
    RETRANSMISSION,
  )
}

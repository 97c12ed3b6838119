import { randomInt } from 'node:crypto'
import { PEER_ID_LENGTH, peerIdFrom, type PeerId } from '@chihaya/bittorrent'

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'

/**
 * A peer id that begins with the client's name and version, such as `-XX0100-` (BEP 20), and ends
 * with random letters and digits.
 * @throws {TypeError} for a prefix that is longer than 20 bytes or not a byte string.
 */
export function randomPeerId(prefix: string): PeerId {
  let text = prefix
  while (text.length < PEER_ID_LENGTH) text += ALPHABET[randomInt(ALPHABET.length)]
  const peerId = peerIdFrom(text)
  if (peerId === undefined) throw new TypeError('a peer id has 20 bytes')
  return peerId
}

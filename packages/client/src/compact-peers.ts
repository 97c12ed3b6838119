import { readCompactPeers, type AddressFamily, type Endpoint } from '@chihaya/bittorrent'
import { InvalidAnswerError } from './errors.ts'

/** Reads compact peers (BEP 7, 15, 23). @throws {InvalidAnswerError} for a list that ends within a peer. */
export function compactPeers(bytes: Uint8Array, family: AddressFamily): Endpoint[] {
  try {
    return readCompactPeers(bytes, family)
  } catch (error) {
    const message = `the list of peers is truncated: ${bytes.length} bytes of ${family} peers`
    throw new InvalidAnswerError(message, { cause: error })
  }
}

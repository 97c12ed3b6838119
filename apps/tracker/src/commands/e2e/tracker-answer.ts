import { readCompactPeers, type AddressFamily } from '@chihaya/bittorrent'
import { escapeText } from '../../log/format.ts'

/** The ports of compact peers. @throws when the last peer is cut off. */
export function compactPorts(peers: Uint8Array, family: AddressFamily): number[] {
  try {
    return readCompactPeers(peers, family).map(({ port }) => port)
  } catch {
    throw new Error(`the peers of the answer are cut off: ${peers.length} bytes of ${family} peers`)
  }
}

/** The text of a refusal, fit for a terminal. Some trackers end it with a NUL, as C does. */
export function reason(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  return escapeText(text.replace(/\0+$/, ''))
}

import { bdecode, readCompactPeers, type Bdecoded } from '@chihaya/bittorrent'
import type { Announcer, TestAnnounce } from './announcer.ts'

const TIMEOUT = 10_000
// Nobody needs more than the handful of peers in a swarm of the test's own.
const LONGEST_ANSWER = 65_536

/** Announces to an announce URL (BEP 3, BEP 23, BEP 7). */
export class HttpAnnouncer implements Announcer {
  readonly #url: URL

  constructor(url: URL) {
    this.#url = url
  }

  async announce(announce: TestAnnounce): Promise<number[]> {
    const response = await fetch(this.#target(announce), { signal: AbortSignal.timeout(TIMEOUT) })
    const body = new Uint8Array(await response.arrayBuffer())
    if (body.length > LONGEST_ANSWER) throw new Error(`the answer is too long: ${body.length} bytes`)
    const answer = decode(body, response.status)
    const failure = answer.get('failure reason')
    if (failure !== undefined)
      throw new Error(`the tracker refuses: ${typeof failure === 'string' ? failure : 'without a reason'}`)
    return [...ports(answer.get('peers'), 'ipv4'), ...ports(answer.get('peers6'), 'ipv6')]
  }

  close(): void {
    // `fetch` keeps nothing of ours.
  }

  #target({ infoHash, peerId, port, event }: TestAnnounce): string {
    const pairs = [
      `info_hash=${escapeBytes(infoHash)}`,
      `peer_id=${escapeBytes(peerId)}`,
      `port=${port}`,
      'uploaded=0',
      'downloaded=0',
      'left=1',
      'compact=1',
      'numwant=50',
      `event=${event}`,
    ]
    return `${this.#url.href.split('#', 1)[0]}${this.#url.search === '' ? '?' : '&'}${pairs.join('&')}`
  }
}

function escapeBytes(text: string): string {
  return text.replaceAll(/[^]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function decode(body: Uint8Array, status: number): ReadonlyMap<string, Bdecoded> {
  let answer: Bdecoded | undefined
  try {
    answer = bdecode(body)
  } catch {
    // What it is instead is said below.
  }
  if (answer instanceof Map) return answer
  throw new Error(`the answer is no tracker's, with HTTP status ${status}`)
}

/** The ports of compact peers, or of peers in dictionaries. */
function ports(peers: Bdecoded | undefined, family: 'ipv4' | 'ipv6'): number[] {
  if (typeof peers === 'string') return readCompactPeers(Buffer.from(peers, 'latin1'), family).map(({ port }) => port)
  if (!Array.isArray(peers)) return []
  return peers.map((peer) => Number(peer instanceof Map ? peer.get('port') : Number.NaN))
}

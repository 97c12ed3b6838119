import { bdecode, type AddressFamily, type Bdecoded } from '@chihaya/bittorrent'
import type { Announcer, TestAnnounce } from './announcer.ts'
import { compactPorts, reason } from './tracker-answer.ts'

const TIMEOUT = 10_000
// Nobody needs more than the handful of peers in a swarm of the test's own.
const LONGEST_ANSWER = 65_536
const LINE_ENDS: ReadonlySet<number | undefined> = new Set([0x0a, 0x0d])

/** Announces to an announce URL (BEP 3, BEP 23, BEP 7). */
export class HttpAnnouncer implements Announcer {
  readonly remarks: Set<string> = new Set()
  readonly #url: URL

  constructor(url: URL) {
    this.#url = url
  }

  async announce(announce: TestAnnounce): Promise<number[]> {
    const response = await fetch(this.#target(announce), { signal: AbortSignal.timeout(TIMEOUT) })
    const body = new Uint8Array(await response.arrayBuffer())
    if (body.length > LONGEST_ANSWER)
      throw new Error(`the answer is too long: ${body.length} bytes`)
    const answer = this.#decode(body, response.status)
    const failure = answer.get('failure reason')
    if (failure !== undefined)
      throw new Error(
        `the tracker refuses: ${typeof failure === 'string' ? reason(bytes(failure)) : 'without a reason'}`,
      )
    return [...ports(answer.get('peers'), 'ipv4'), ...ports(answer.get('peers6'), 'ipv6')]
  }

  close(): void {
    // `fetch` keeps nothing of ours.
  }

  /**
   * Reads an answer as leniently as clients do. Chihaya v2 itself writes its keys in another order
   * each time.
   */
  #decode(body: Uint8Array, status: number): ReadonlyMap<string, Bdecoded> {
    const value = withoutLineEnd(body)
    if (value.length < body.length) this.remarks.add('a line end follows the answer')
    const answer = attempt(() => bdecode(value))
    if (answer instanceof Map) return answer
    const unsorted = attempt(() => bdecode(value, { unsortedKeys: true }))
    if (!(unsorted instanceof Map))
      throw new Error(`the answer is no tracker's, with HTTP status ${status}`)
    this.remarks.add('the keys of the answer are not sorted, as BEP 3 has them')
    return unsorted
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

function attempt(read: () => Bdecoded): Bdecoded | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function withoutLineEnd(body: Uint8Array): Uint8Array {
  let end = body.length
  while (LINE_ENDS.has(body[end - 1])) end--
  return body.subarray(0, end)
}

/**
 * The ports of compact peers, or of peers in dictionaries. Some trackers leave out the key when
 * there are no peers.
 */
function ports(peers: Bdecoded | undefined, family: AddressFamily): number[] {
  if (typeof peers === 'string') return compactPorts(bytes(peers), family)
  if (!Array.isArray(peers)) return []
  return peers.map((peer) => Number(peer instanceof Map ? peer.get('port') : Number.NaN))
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

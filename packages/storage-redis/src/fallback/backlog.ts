import {
  byteString,
  compactPeer,
  INFO_HASH_LENGTH,
  writeByteString,
  type InfoHash,
  type PeerId,
} from '@chihaya/bittorrent'
import type { EvictionRules, Transition } from '@chihaya/core'
import type { ToldAnnounce } from '../announce/announce-argument.ts'

/** What has become of a peer. */
export interface JournalEntry {
  readonly peerId: PeerId
  readonly clientKey: number
  readonly transition: Transition
  /** Whether it completed its download, whatever it has become since. */
  readonly completed: boolean
  /** When it announced, on the clock of `performance.now()`. */
  readonly at: number
  /** When this was entered here, likewise. */
  readonly enteredAt: number
}

/** One announce to enter late. */
export interface LateAnnounce {
  readonly announce: ToldAnnounce
  /** Seconds. */
  readonly age: number
}

/**
 * The last word of each peer that Redis is to be told of, for so many peers; beyond, the oldest are
 * forgotten.
 */
export class Journal {
  readonly #entries = new Map<string, JournalEntry>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  record(announce: ToldAnnounce): void {
    const { peerId, key: clientKey, transition } = announce
    if (transition === 'unchanged') return
    const key = keyOf(announce)
    const completed = transition === 'completed' || this.#entries.get(key)?.completed === true
    // Taken out first, so that it comes to stand behind those that are older.
    this.#entries.delete(key)
    const at = performance.now()
    this.#enter(key, { peerId, clientKey, transition, completed, at, enteredAt: at })
  }

  #enter(key: string, entry: JournalEntry): void {
    this.#entries.set(key, entry)
    if (this.#entries.size > this.#limit)
      this.#entries.delete(this.#entries.keys().next().value as string)
  }

  /**
   * Takes over the entries of another journal, but for peers of which it knows itself; they leave
   * the other one.
   */
  adopt(other: Journal): void {
    for (const [key, entry] of other.#entries) this.add(key, entry)
    other.#entries.clear()
  }

  /** Takes over an entry of another journal, unless there is one of the peer. */
  add(key: string, entry: JournalEntry): void {
    if (!this.#entries.has(key)) this.#enter(key, { ...entry, enteredAt: performance.now() })
  }

  /** Forgets what was entered before a time. */
  forgetBefore(time: number): void {
    for (const [key, { enteredAt }] of this.#entries) {
      if (enteredAt >= time) return
      this.#entries.delete(key)
    }
  }

  /** Redis knows better by now. */
  forget(announce: ToldAnnounce): void {
    if (announce.transition !== 'unchanged') this.#entries.delete(keyOf(announce))
  }

  /** Forgets the peers that rules name. */
  evict({ infoHash, address, peerId }: EvictionRules): void {
    for (const [key, entry] of this.#entries) {
      const peer = peerOf(key)
      const isRefused =
        infoHash?.(peer.infoHash) || address?.(peer.address) || peerId?.(entry.peerId)
      if (isRefused === true) this.#entries.delete(key)
    }
  }

  /**
   * The oldest entries, each with the announces that tell Redis of it; they stay until `settle`.
   */
  oldest(count: number): Array<{ key: string; entry: JournalEntry; announces: LateAnnounce[] }> {
    const oldest = []
    for (const [key, entry] of this.#entries) {
      if (oldest.length === count) break
      oldest.push({ key, entry, announces: announcesOf(key, entry) })
    }
    return oldest
  }

  /** Redis has been told of an entry, unless there is a newer one by now. */
  settle(key: string, entry: JournalEntry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }
}

function keyOf({ infoHash, address, port }: ToldAnnounce): string {
  return infoHash + byteString(compactPeer(address, port))
}

function peerOf(key: string): Pick<ToldAnnounce, 'infoHash' | 'address' | 'port'> {
  const endpoint = new Uint8Array(key.length - INFO_HASH_LENGTH)
  writeByteString(key.slice(INFO_HASH_LENGTH), endpoint, 0)
  const portAt = endpoint.length - 2
  const port = ((endpoint[portAt] as number) << 8) | (endpoint[portAt + 1] as number)
  return {
    infoHash: key.slice(0, INFO_HASH_LENGTH) as InfoHash,
    address: endpoint.subarray(0, portAt),
    port,
  }
}

function announcesOf(
  key: string,
  { peerId, clientKey, transition, completed, at }: JournalEntry,
): LateAnnounce[] {
  const announce = {
    ...peerOf(key),
    peerId,
    key: clientKey,
    leechersOnly: false,
    publicOnly: false,
    wantsPeerIds: false,
  }
  const age = Math.round((performance.now() - at) / 1000)
  const late = (of: Transition): LateAnnounce => ({
    announce: { ...announce, transition: of },
    age,
  })
  if (!completed) return [late(transition)]
  return transition === 'completed' || transition === 'seeder'
    ? [late('completed')]
    : [late('completed'), late(transition)]
}

import type { AnnounceEvent, InfoHash, PeerId } from '@chihaya/bittorrent'

/** A peer's announce, as far as the test needs it. */
export interface TestAnnounce {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly port: number
  readonly event: AnnounceEvent
}

/** Somebody who announces to one tracker. */
export interface Announcer {
  /** What the answers so far had that a strict client would refuse, each once. */
  readonly remarks: ReadonlySet<string>
  /** The ports of the peers in the answer. @throws when there is no answer, or a refusal. */
  announce(announce: TestAnnounce): Promise<number[]>
  close(): void
}

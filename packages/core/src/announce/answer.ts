import { PeerList } from './peer-list.ts'
import type { PeerState } from './transition.ts'

/**
 * The answer to an announce. The tracker hands one down to hooks and store, which fill it in and
 * may change it; the frontend writes what it holds afterwards. It is borrowed like the announce
 * itself: code that needs it after the reply calls `keep`.
 */
export class Answer {
  /** Seconds until the next announce. */
  interval = 0
  /** Seconds before which the client should not announce again. */
  minInterval = 0
  /** Seeders in the swarm, the announcer included. */
  complete = 0
  /** Leechers and partial seeds in the swarm, the announcer included. */
  incomplete = 0
  /** Completed downloads since the swarm exists. */
  downloaded = 0
  /** Text that some clients show their user (HTTP only). */
  warning: string | undefined = undefined
  /**
   * The state of the peer before this announce; undefined for a new peer, or if the store does not
   * report it.
   */
  before: PeerState | undefined = undefined
  /** The number of peers to select at most. */
  want = 0
  /** Whether peers of the other family can be sent, if the store joins the families. */
  takesOtherFamily = false
  /** Peers of the announcer's family. */
  readonly peers: PeerList = new PeerList()
  /** Peers of the other family, if the store joins the families and `takesOtherFamily` is true. */
  otherPeers: PeerList | undefined = undefined
  /** Whether `keep` has been called: the frontend must then use another answer. */
  kept = false

  /** Empties the answer, except for the lists, which the frontend prepares. */
  begin(interval: number, minInterval: number): void {
    this.interval = interval
    this.minInterval = minInterval
    this.complete = 0
    this.incomplete = 0
    this.downloaded = 0
    this.warning = undefined
    this.before = undefined
    this.want = 0
    this.peers.count = 0
    if (this.otherPeers !== undefined) this.otherPeers.count = 0
  }

  /**
   * Moves the answer out of shared memory, so that it can be read or filled in after the reply to
   * another announce.
   */
  keep(): this {
    if (this.kept) return this
    this.kept = true
    this.peers.keep()
    return this
  }

  /**
   * For frontends, after the reply: an answer that was not kept holds no peers from now on.
   */
  end(): void {
    if (!this.kept) this.peers.empty()
  }
}

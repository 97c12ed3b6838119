import { addressScope, type AnnounceEvent } from '@chihaya/bittorrent'
import { INVALID_ADDRESS } from './refusals.ts'
import type { FlatAnnounce, FlatPeerStore } from './flat-announce.ts'
import type { CoreOptions } from './options.ts'
import { UNDIALLABLE_PORT } from './return-self.ts'
import { downloads, transitionOf } from './swarm-announce.ts'

/** The tracker's pipeline for announces that no hook wants to see, in flat memory from end to end. */
export class FlatAnnouncer {
  /** Seconds until the next announce. */
  readonly interval: number
  readonly #store: FlatPeerStore
  readonly #leechersForSeeders: boolean
  readonly #withholdsPrivatePeers: boolean
  readonly #rejectsPrivatePeers: boolean
  readonly #returnsSelf: boolean

  constructor(store: FlatPeerStore, options: Required<CoreOptions>, interval: number) {
    this.interval = interval
    this.#store = store
    this.#leechersForSeeders = options.seedersReceive === 'leechers'
    this.#withholdsPrivatePeers = options.withholdPrivatePeers
    this.#rejectsPrivatePeers = options.rejectPrivatePeers
    this.#returnsSelf = options.returnSelfWhenAlone
  }

  /**
   * Applies an announce and answers it in place; what depends on `event` and `seeding` is filled in here.
   * @throws {ClientError} as `Tracker.announce` does.
   */
  announce(announce: FlatAnnounce, event: AnnounceEvent, seeding: boolean): void {
    const isPublic = (this.#withholdsPrivatePeers || this.#rejectsPrivatePeers) && addressScope(announce.address) === 'public'
    if (this.#rejectsPrivatePeers && !isPublic && event !== 'stopped') throw INVALID_ADDRESS
    announce.transition = transitionOf(announce.port, event, seeding)
    announce.leechersOnly = this.#leechersForSeeders && !downloads(event, seeding)
    // `unchanged`, the transition of a client without a port, would draw peers for one that stops, too.
    if (event === 'stopped') announce.numWant = 0
    announce.publicOnly = this.#withholdsPrivatePeers && isPublic
    this.#store.announceFlat(announce)
    if (announce.given === 0 && this.#returnsSelf) returnSelfFlat(announce)
  }
}

/** What `returnSelf` does, in place. */
function returnSelfFlat(announce: FlatAnnounce): void {
  const { address, port, peers, peersAt } = announce
  if (announce.transition === 'stopped' || announce.numWant === 0 || port <= UNDIALLABLE_PORT) return
  const bytes = new Uint8Array(peers.buffer, peers.byteOffset + peersAt * 2, address.length + 2)
  bytes.set(address)
  bytes[address.length] = port >> 8
  bytes[address.length + 1] = port
  announce.given = 1
}

import type { InfoHash, Params, PeerId } from '@chihaya/bittorrent'
import { Announce } from '../announce/announce.ts'
import type { Answer } from '../announce/answer.ts'
import type { PlainAnnounce } from '../announce/plain-announce.ts'
import { isPromise, type MaybePromise } from '../maybe-promise.ts'
import { preparedAnswer, sampleAnnounce, type AnnounceChanges } from './sample.ts'

/**
 * An announce that is borrowed, like those of frontends: it can be read until the reply is sent.
 * After that, reading throws and the address is overwritten, unless it was kept.
 */
export class BorrowedAnnounce extends Announce {
  readonly protocol: string
  readonly #announce: PlainAnnounce
  #kept = false
  #over = false

  constructor(announce: PlainAnnounce) {
    super()
    this.#announce = announce
    this.protocol = announce.protocol
    this.address = new Uint8Array(announce.address)
    this.otherAddress = announce.otherAddress
    this.port = announce.port
    this.handle = announce.handle
    this.key = announce.key
    this.event = announce.event
    this.seeding = announce.seeding
    this.numWant = announce.numWant
    this.wantsPeerIds = announce.wantsPeerIds
    this.transition = announce.transition
    this.leechersOnly = announce.leechersOnly
    this.publicOnly = announce.publicOnly
    this.owner = announce.owner
  }

  get infoHash(): InfoHash {
    return this.#borrowed.infoHash
  }

  get peerId(): PeerId {
    return this.#borrowed.peerId
  }

  get left(): bigint | undefined {
    return this.#borrowed.left
  }

  get uploaded(): bigint {
    return this.#borrowed.uploaded
  }

  get downloaded(): bigint {
    return this.#borrowed.downloaded
  }

  get params(): Params {
    return this.#borrowed.params
  }

  copyIds(infoHash: Uint32Array, peerId: Uint32Array): void {
    this.#borrowed.copyIds(infoHash, peerId)
  }

  keep(): this {
    this.#kept = true
    return this
  }

  end(): void {
    if (this.#kept) return
    this.#over = true
    this.address.fill(0xff)
  }

  get #borrowed(): PlainAnnounce {
    if (!this.#over) return this.#announce
    throw new TypeError(
      'the announce is over: a hook that reads it after the reply has to call keep() before',
    )
  }
}

/**
 * Makes a borrowed announce to a tracker or a store, and ends it once it is answered. This reveals
 * hooks and stores that read it later without `keep`.
 */
export async function announceBorrowed(
  target: { announce(announce: Announce, answer: Answer): MaybePromise<void> },
  changes: AnnounceChanges = {},
): Promise<Answer> {
  const announce = new BorrowedAnnounce(sampleAnnounce(changes))
  const answer = preparedAnswer(announce)
  const pending = target.announce(announce, answer)
  if (isPromise(pending)) {
    announce.keep()
    answer.keep()
    await pending
  }
  announce.end()
  return answer
}

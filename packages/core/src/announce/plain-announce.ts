import {
  writeWords,
  type Address,
  type AnnounceEvent,
  type InfoHash,
  type Params,
  type PeerId,
} from '@chihaya/bittorrent'
import { Announce } from './announce.ts'

export interface PlainAnnounceInit {
  readonly protocol: string
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly address: Address
  readonly otherAddress?: Address | undefined
  readonly port: number
  readonly handle?: number | undefined
  readonly key?: number | undefined
  readonly event: AnnounceEvent
  readonly left: bigint | undefined
  readonly uploaded: bigint
  readonly downloaded: bigint
  readonly numWant: number
  readonly wantsPeerIds: boolean
  readonly params: Params
}

/** An announce that owns its data: it can be read at any time. */
export class PlainAnnounce extends Announce {
  readonly protocol: string
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly left: bigint | undefined
  readonly uploaded: bigint
  readonly downloaded: bigint
  readonly params: Params

  constructor(init: PlainAnnounceInit) {
    super()
    this.protocol = init.protocol
    this.infoHash = init.infoHash
    this.peerId = init.peerId
    this.left = init.left
    this.uploaded = init.uploaded
    this.downloaded = init.downloaded
    this.params = init.params
    this.address = init.address
    this.otherAddress = init.otherAddress
    this.port = init.port
    this.handle = init.handle ?? 0
    this.key = init.key ?? 0
    this.event = init.event
    this.seeding = init.left === 0n
    this.numWant = init.numWant
    this.wantsPeerIds = init.wantsPeerIds
  }

  copyIds(infoHash: Uint32Array, peerId: Uint32Array): void {
    writeWords(this.infoHash, infoHash)
    writeWords(this.peerId, peerId)
  }

  keep(): this {
    return this
  }

  end(): void {
    // Nothing is borrowed.
  }
}

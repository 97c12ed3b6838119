import type { EvictionRules, SwarmAnnounce } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'

/** A store that can remove refused peers: each of them stops as it has announced. */
export class EvictingStore extends ModelPeerStore {
  readonly #announces = new Map<string, SwarmAnnounce>()
  /** How often it was asked to remove peers. */
  walks = 0

  constructor() {
    super({ peerLifetime: 3_600_000, now: () => Date.now() })
  }

  override enter(announce: SwarmAnnounce): void {
    const { infoHash, address, port } = announce
    this.#announces.set(`${infoHash} ${address.join('.')} ${port}`, announce)
    super.enter(announce)
  }

  evict(rules: EvictionRules): Promise<number> {
    this.walks++
    let peers = 0
    for (const [key, announce] of this.#announces) {
      const { infoHash, address, peerId } = announce
      if (rules.infoHash?.(infoHash) || rules.address?.(address) || rules.peerId?.(peerId)) {
        if (announce.transition !== 'stopped') peers++
        super.enter({ ...announce, transition: 'stopped' })
        this.#announces.delete(key)
      }
    }
    return Promise.resolve(peers)
  }
}

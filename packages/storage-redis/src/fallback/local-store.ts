import { TRK_ERR_OPTIONS, type NewSwarmRate, type PeerStore } from '@chihaya/core'
import { PACKAGE } from '../options.ts'

/** A store in this process. It expires its peers until it is closed. */
export interface LocalStore extends PeerStore {
  evict: NonNullable<PeerStore['evict']>
  swarms: NonNullable<PeerStore['swarms']>
  close(): void
}

export interface LocalStoreOptions {
  /** Milliseconds. */
  readonly peerLifetime: number
  readonly maxPeers: number
  readonly maxPeersPerSwarm: number
  readonly storePeerIds: boolean
  readonly storeOwners?: boolean
  readonly storeWebrtcPeers?: boolean
  readonly newSwarmsPerSource?: NewSwarmRate
  readonly withholdPortsBelow?: number
}

/** Milliseconds between two searches for peers past their lifetime. */
const EXPIRY_INTERVAL = 180_000

type MemoryStorage = typeof import('@chihaya/storage-memory')

/** Loads the package of local stores. @throws TRK_ERR_OPTIONS if it is not installed. */
export async function localStores(
  options: LocalStoreOptions,
  load: () => Promise<MemoryStorage> = () => import('@chihaya/storage-memory'),
): Promise<() => LocalStore> {
  const { ExpiryTimer, MemoryPeerStore } = await load().catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new TRK_ERR_OPTIONS(
      PACKAGE,
      'options/fallback: memory needs the package @chihaya/storage-memory, which is not installed',
    )
  })
  return () => {
    const memory = new MemoryPeerStore(options)
    const expiry = new ExpiryTimer(memory, EXPIRY_INTERVAL)
    expiry.start()
    const store: PeerStore = memory
    return {
      keepsOwners: memory.keepsOwners,
      keepsWebRtcPeers: memory.keepsWebRtcPeers,
      announce: (announce, answer) => store.announce(announce, answer),
      scrape: (scrape, answer) => store.scrape(scrape, answer),
      stats: () => store.stats(),
      evict: (rules) => store.evict?.(rules) ?? 0,
      swarms: () => store.swarms?.() ?? none(),
      close: () => expiry.stop(),
    }
  }
}

async function* none(): AsyncGenerator<never> {}

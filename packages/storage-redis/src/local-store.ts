import { TRK_ERR_OPTIONS, type PeerStore } from '@chihaya/core'
import { NAME } from './target.ts'

/** A store in this process, which expires its own peers until it is closed. */
export interface LocalStore extends PeerStore {
  close(): void
}

export interface LocalStoreOptions {
  /** Milliseconds. */
  readonly peerLifetime: number
  readonly maxPeers: number
  readonly maxPeersPerSwarm: number
  readonly storePeerIds: boolean
}

/** Milliseconds between two searches for peers past their lifetime. */
const EXPIRY_INTERVAL = 180_000

type MemoryStorage = typeof import('@chihaya/storage-memory')

/** Finds the package that makes local stores. @throws TRK_ERR_OPTIONS when it is not installed. */
export async function localStores(
  options: LocalStoreOptions,
  load: () => Promise<MemoryStorage> = () => import('@chihaya/storage-memory'),
): Promise<() => LocalStore> {
  const { ExpiryTimer, MemoryPeerStore } = await load().catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new TRK_ERR_OPTIONS(NAME, 'options/fallback: memory needs the package @chihaya/storage-memory, which is not installed')
  })
  return () => {
    const store = new MemoryPeerStore(options)
    const expiry = new ExpiryTimer(store, EXPIRY_INTERVAL)
    expiry.start()
    return {
      announce: (announce) => store.announce(announce),
      scrape: (infoHashes, family) => store.scrape(infoHashes, family),
      stats: () => store.stats(),
      close: () => expiry.stop(),
    }
  }
}

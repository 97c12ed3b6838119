import { parseDuration, TRK_ERR_OPTIONS, type Log } from '@chihaya/core'
import { createClient, timeoutsOf, type Client } from './connection/client.ts'
import { localStores } from './fallback/local-store.ts'
import { PACKAGE, type RedisStorageOptions } from './options.ts'
import { RedisPeerStore } from './redis-peer-store.ts'
import { addressOf } from './connection/redis-address.ts'

/**
 * Creates a store that is not connected yet. `options` come from `parseOptions`.
 * @throws TRK_ERR_OPTIONS
 */
export async function createStore(
  options: Required<RedisStorageOptions>,
  log: Log,
): Promise<RedisPeerStore> {
  const address = addressOf(options)
  const {
    client: given,
    closeClient,
    fallback,
    fallbackMaxPeers,
    maxPeersPerSwarm,
    storePeerIds,
    storeOwners,
    storeWebrtcPeers,
    newSwarmsPerSource,
    withholdPortsBelow,
  } = options
  if (given !== undefined && !isClient(given)) {
    throw new TRK_ERR_OPTIONS(PACKAGE, 'options/client must be a Redis or Cluster of ioredis')
  }
  const createLocalStore =
    fallback === 'memory'
      ? await localStores({
          peerLifetime: parseDuration(options.peerLifetime),
          maxPeers: fallbackMaxPeers,
          maxPeersPerSwarm,
          storePeerIds,
          ...(storeOwners && { storeOwners }),
          ...(storeWebrtcPeers && { storeWebrtcPeers }),
          ...(newSwarmsPerSource && { newSwarmsPerSource }),
          ...(withholdPortsBelow > 0 && { withholdPortsBelow }),
        })
      : undefined
  return new RedisPeerStore({
    client: given ?? createClient(address, options.sentinel, timeoutsOf(options)),
    closeClient: given === undefined || closeClient,
    address: given === undefined ? address.description : "the application's client",
    options,
    log,
    createLocalStore,
  })
}

function isClient(value: unknown): value is Client {
  return typeof value === 'object' && value !== null && 'sendCommand' in value && 'status' in value
}

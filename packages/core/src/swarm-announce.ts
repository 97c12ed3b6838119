import { addressScope, type AnnounceRequest } from '@chihaya/bittorrent'
import type { TrackerContext } from './context.ts'
import type { CoreOptions } from './options.ts'
import type { SwarmAnnounce, Transition } from './peer-store.ts'

/** An announce in the terms of the store. */
export function swarmAnnounce(request: AnnounceRequest, context: TrackerContext, options: Required<CoreOptions>): SwarmAnnounce {
  const { event } = request
  const wantsNobody = event === 'stopped' || context.skipResponse === true
  // A partial seed has all it wants (BEP 21).
  const downloads = !request.seeding && event !== 'completed' && event !== 'paused'
  return {
    infoHash: request.infoHash,
    peerId: request.peerId,
    address: request.address,
    port: request.port,
    otherAddress: request.otherAddress,
    transition: transitionOf(request),
    numWant: wantsNobody ? 0 : request.numWant,
    leechersOnly: options.seedersReceive === 'leechers' && !downloads,
    publicOnly: options.withholdPrivatePeers && addressScope(request.address) === 'public',
    wantsPeerIds: request.wantsPeerIds,
  }
}

/** The first line that fits: a `stopped` leaves even with nothing left, a `completed` seeds whatever it says is left. */
function transitionOf(request: AnnounceRequest): Transition {
  // A frontend that lets port 0 pass wants it answered but not stored: nobody could dial it.
  if (request.port === 0) return 'unchanged'
  if (request.event === 'stopped') return 'stopped'
  if (request.event === 'completed') return 'completed'
  if (request.seeding) return 'seeder'
  return request.event === 'paused' ? 'partial' : 'leecher'
}

import { addressScope, type Address, type AnnounceEvent, type AnnounceRequest } from '@chihaya/bittorrent'
import type { TrackerContext } from './context.ts'
import type { CoreOptions } from './options.ts'
import type { SwarmAnnounce, Transition } from './peer-store.ts'

/** An announce in the terms of the store. */
export function swarmAnnounce(request: AnnounceRequest, context: TrackerContext, options: Required<CoreOptions>): SwarmAnnounce {
  const { event, seeding, port } = request
  const wantsNobody = event === 'stopped' || context.skipResponse === true
  return {
    infoHash: request.infoHash,
    peerId: request.peerId,
    address: request.address,
    port,
    key: request.key,
    otherAddress: otherAddress(request, options),
    transition: transitionOf(port, event, seeding),
    numWant: wantsNobody ? 0 : request.numWant,
    leechersOnly: options.seedersReceive === 'leechers' && !downloads(event, seeding),
    publicOnly: options.withholdPrivatePeers && addressScope(request.address) === 'public',
    wantsPeerIds: request.wantsPeerIds,
  }
}

/**
 * The peer's second address, unless an announce of it would be refused. A peer that stops leaves with
 * both.
 */
function otherAddress(
  { otherAddress: other, event }: AnnounceRequest,
  { rejectPrivatePeers }: Required<CoreOptions>,
): Address | undefined {
  if (other === undefined || !rejectPrivatePeers || event === 'stopped') return other
  return addressScope(other) === 'public' ? other : undefined
}

/** The first line that fits: a `stopped` leaves even with nothing left, a `completed` seeds whatever it says is left. */
export function transitionOf(port: number, event: AnnounceEvent, seeding: boolean): Transition {
  // A frontend that lets port 0 pass wants it answered but not stored: nobody could dial it.
  if (port === 0) return 'unchanged'
  if (event === 'stopped') return 'stopped'
  if (event === 'completed') return 'completed'
  if (seeding) return 'seeder'
  return event === 'paused' ? 'partial' : 'leecher'
}

/** Whether an announcer still looks for pieces; a partial seed has all it wants (BEP 21). */
export function downloads(event: AnnounceEvent, seeding: boolean): boolean {
  return !seeding && event !== 'completed' && event !== 'paused'
}

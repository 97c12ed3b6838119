import { formatAddress, toHex, byteString } from '@chihaya/bittorrent'
import type { Bytes, NumberedDelta } from './delta.ts'

/** A record as a line of NDJSON, without the line's end. Keys without a value are left out. */
export function deltaLine(delta: NumberedDelta, source: string): string {
  const { counters, swarm, peer, address } = delta
  return JSON.stringify({
    v: 1,
    source,
    seq: delta.seq,
    at: delta.at,
    type: delta.type,
    user: delta.user || undefined,
    torrent: delta.torrent || undefined,
    peer: peer && toHex(byteString(peer)),
    event: delta.event === 'none' ? undefined : delta.event,
    state: peer && delta.state,
    new: delta.isNew || undefined,
    up: amount(delta.up),
    down: amount(delta.down),
    corrupt: amount(delta.corrupt),
    creditUp: amount(delta.creditUp),
    creditDown: amount(delta.creditDown),
    counters: counters && [
      counters.uploaded,
      counters.downloaded,
      counters.corrupt,
      counters.left ?? null,
    ],
    seedTime: delta.seedTime || undefined,
    leechTime: delta.leechTime || undefined,
    upSpeed: delta.upSpeed || undefined,
    downSpeed: delta.downSpeed || undefined,
    announces: delta.announces || undefined,
    since: delta.since || undefined,
    snatch: delta.snatch || undefined,
    free: delta.free,
    ip: address && formatAddress(address),
    port: delta.port || undefined,
    agent: delta.agent || undefined,
    flags: delta.flags.length > 0 ? delta.flags : undefined,
    swarm: swarm && [swarm.seeders, swarm.leechers],
    merged: delta.merged > 1 ? delta.merged : undefined,
  })
}

/** JSON has no integers beyond 2⁵³ that every reader takes as they are. */
function amount(bytes: Bytes): number | string | undefined {
  if (typeof bytes === 'bigint') return bytes.toString()
  return bytes || undefined
}

import { setImmediate as turn } from 'node:timers/promises'
import { Tracker, type CoreOptions, type Log, type PeerStore } from '@chihaya/core'
import { ModelPeerStore } from '@chihaya/core/testing'

/** A log that records its lines. */
interface RecordingLog extends Pick<Log, 'error' | 'warn'> {
  readonly errors: Array<{ details: object; message: string }>
  readonly warnings: Array<{ details: object; message: string }>
}

function recordingLog(): RecordingLog {
  const errors: RecordingLog['errors'] = []
  const warnings: RecordingLog['warnings'] = []
  return {
    errors,
    warnings,
    error: (details, message) => void errors.push({ details, message }),
    warn: (details, message) => void warnings.push({ details, message }),
  }
}

/** A store whose peers live for an hour. */
export function modelStore(): ModelPeerStore {
  return new ModelPeerStore({ peerLifetime: 3_600_000, now: () => Date.now() })
}

/** A store that behaves like another, except for `changes`. */
export function storeWith(changes: Partial<PeerStore>, store: PeerStore = modelStore()): PeerStore {
  return {
    keepsOwners: store.keepsOwners ?? false,
    keepsWebRtcPeers: store.keepsWebRtcPeers ?? false,
    announce: (announce, answer) => store.announce(announce, answer),
    scrape: (scrape, answer) => store.scrape(scrape, answer),
    stats: () => store.stats(),
    evict: (rules) => store.evict?.(rules) ?? 0,
    ...(store.swarms && { swarms: store.swarms.bind(store) }),
    ...changes,
  }
}

export interface TrackerSetup {
  readonly tracker: Tracker
  readonly store: PeerStore
  readonly log: RecordingLog
}

export function setUpTracker(
  options: CoreOptions = {},
  store: PeerStore = modelStore(),
): TrackerSetup {
  const log = recordingLog()
  return { tracker: new Tracker({ store, options, log }), store, log }
}

/** Lets post hooks run: they start in the turn after the reply. */
export async function nextTurns(): Promise<void> {
  for (let count = 0; count < 5; count++) {
    // oxlint-disable-next-line no-await-in-loop
    await turn()
  }
}

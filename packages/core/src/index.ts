import { trackerCore } from './plugin.ts'
import './augment.ts'

export default trackerCore
export { trackerCore }
export {
  CONNECTION_DROPS,
  ConnectionMeter,
  type ConnectionDrop,
  type ConnectionDropCount,
  type DroppedConnection,
} from './connection-meter.ts'
export type { TrackerContext } from './context.ts'
export { DROPS, type Drop, type DropMeter, type SocketDrops } from './drop-meter.ts'
export { DURATION_BUCKETS, DurationHistogram, type Durations } from './duration-histogram.ts'
export { durationSchema, parseDuration, type Duration } from './duration.ts'
export { evictRefused, type ChangingList } from './eviction.ts'
export { TRK_ERR_HOOK_HANDLER, TRK_ERR_HOOK_NAME, TRK_ERR_LIST, TRK_ERR_OPTIONS, TRK_ERR_STARTED } from './errors.ts'
export { isFlat, type FlatAnnounce, type FlatPeerStore, type FlatScrape } from './flat-announce.ts'
export type { FlatAnnouncer } from './flat-announcer.ts'
export { HookMeter, type HookTime } from './hook-meter.ts'
export type { HookName, TrackerHooks } from './hooks.ts'
export { isPromise, type MaybePromise } from './maybe-promise.ts'
export { optionsSchema, type CoreOptions } from './options.ts'
export { parseOptions, type JsonSchema, type OptionsSchema } from './parse-options.ts'
export type { EvictionRules, PeerStore, StoreStats, SwarmAnnounce, SwarmEntry, SwarmView, Transition } from './peer-store.ts'
export type { TrackerLog } from './post-hooks.ts'
export { Probe, ProbeTimeout, type ProbeInit } from './probe.ts'
export {
  Readiness,
  readinessOf,
  type ReadinessAnswer,
  type ReadinessCheck,
  type ReadinessLog,
  type ReadinessReport,
} from './readiness.ts'
export { REFUSALS } from './known-refusals.ts'
export { RequestMeter, UNTIMED, type Action, type Protocol, type RequestCount, type RequestMeterInit } from './request-meter.ts'
export { Tracker, type TrackerInit } from './tracker.ts'

import { trackerCore } from './plugin.ts'

export default trackerCore
export { trackerCore }
export { Announce } from './announce/announce.ts'
export { Answer } from './announce/answer.ts'
export {
  networkOf,
  NETWORKS,
  peersIn,
  type Network,
  type NetworkCounts,
} from './announce/network.ts'
export { PeerList } from './announce/peer-list.ts'
export { PlainAnnounce, type PlainAnnounceInit } from './announce/plain-announce.ts'
export { PlainScrape, Scrape, ScrapeAnswer } from './announce/scrape.ts'
export type { PeerState, Transition } from './announce/transition.ts'
export {
  CONNECTION_DROPS,
  ConnectionMeter,
  type ConnectionDrop,
  type ConnectionDropCount,
  type DroppedConnection,
} from './meter/connection-meter.ts'
export type { TrackerContext } from './hooks/context.ts'
export { DROPS, type Drop, type DropMeter, type SocketDrops } from './meter/drop-meter.ts'
export { DURATION_BUCKETS, DurationHistogram, type Durations } from './meter/duration-histogram.ts'
export { durationSchema, LONGEST_TIMER, parseDuration, type Duration } from './options/duration.ts'
export { evictRefused, type ChangingList } from './store/eviction.ts'
export {
  TRK_ERR_HOOK_HANDLER,
  TRK_ERR_HOOK_NAME,
  TRK_ERR_LIST,
  TRK_ERR_OPTIONS,
  TRK_ERR_STARTED,
} from './errors.ts'
export type { Log } from './log.ts'
export { HookMeter, type HookTime } from './meter/hook-meter.ts'
export type { HookName, TrackerHooks } from './hooks/hooks.ts'
export {
  handOver,
  lasting,
  LastingObjects,
  lastingObjectsOf,
  type Handover,
  type LastingInit,
} from './lifecycle/lasting.ts'
export { isPromise, type MaybePromise } from './maybe-promise.ts'
export { newSwarmRateSchema, type NewSwarmRate } from './options/new-swarm-rate.ts'
export { optionsSchema, type CoreOptions } from './options/core-options.ts'
export { parseOptions, type JsonSchema, type OptionsSchema } from './options/parse-options.ts'
export type { EvictionRules, PeerStore, StoreStats, SwarmEntry } from './store/peer-store.ts'
export { Pending } from './lifecycle/pending.ts'
export { Probe, ProbeTimeout, type ProbeInit } from './readiness/probe.ts'
export {
  Readiness,
  readinessOf,
  type ReadinessAnswer,
  type ReadinessCheck,
  type ReadinessReport,
} from './readiness/readiness.ts'
export { RequestMeter, UNTIMED, type Action, type RequestCount } from './meter/request-meter.ts'
export { Tracker, type TrackerInit } from './tracker.ts'

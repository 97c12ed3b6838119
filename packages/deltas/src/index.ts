export * from './delta.ts'
export { deltaLine } from './delta-line.ts'
export { DeltaReader, encodeDelta, MAX_RECORD_LENGTH } from './delta-codec.ts'
export { FolderInUse } from './spool/folder-lock.ts'
export { Spool, type SpoolLog, type SpoolOptions } from './spool/spool.ts'
export { Courier, type CourierInit, type CourierState } from './courier.ts'
export { DeltaQueue, type DeltaQueueOptions } from './delta-queue.ts'
export { SinkError, type DeltaBatch, type DeltaSink, type SinkFailure } from './sink.ts'
export type * from './backend.ts'
export {
  summarize,
  type BatchSummary,
  type HistorySum,
  type TorrentSum,
  type UserSum,
} from './summarize.ts'

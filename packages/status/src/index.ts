import { status } from './plugin.ts'

export default status
export { status }
export { optionsSchema, type StatusOptions } from './options.ts'
export type {
  ActionFigures,
  KindFigures,
  ProtocolFigures,
  Refusal,
  RequestFigures,
} from './request-figures.ts'
export type { Sort, TopTorrents, TorrentFigures } from './torrents.ts'
export { TrackerStatus, type TrackerStatusInit } from './tracker-status.ts'
export type { MemoryFigures, StatusReport, StoreFigures, TrackerStats } from './tracker-stats.ts'

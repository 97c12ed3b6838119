export { type HttpAnnounceAnswer } from './http-answer.ts'
export { announceQuery, escapeBytes, scrapeQuery, scrapeUrl } from './http-query.ts'
export { HttpTrackerClient } from './http-tracker-client.ts'
export type {
  AnnounceAnswer,
  ClientAnnounce,
  ClientOptions,
  ScrapeAnswer,
  TrackerClient,
} from './tracker-client.ts'
export { trackerClient } from './announce-url.ts'
export { TrackerFailure } from './tracker-failure.ts'
export {
  readAnnounce,
  readConnect,
  readScrape,
  readTransactionId,
  writeAnnounce,
  writeConnect,
  writeScrape,
} from './udp-packets.ts'
export { UdpTrackerClient } from './udp-tracker-client.ts'

export { trackerClient } from './client.ts'
export { InvalidAnswerError, NoAnswerError, TrackerFailure } from './errors.ts'
export {
  readAnnounceBody,
  readScrapeBody,
  type HttpAnnounceAnswer,
  type ReadOptions,
} from './http/answer.ts'
export { HttpTrackerClient, type HttpClientOptions } from './http/http-tracker-client.ts'
export { announceQuery, escapeBytes, scrapeQuery, scrapeUrl } from './http/query.ts'
export { randomPeerId } from './peer-id.ts'
export type {
  AnnounceAnswer,
  ClientAnnounce,
  ClientOptions,
  ExchangeOptions,
  ScrapeAnswer,
  TrackerClient,
} from './tracker-client.ts'
export {
  ACTION,
  PROTOCOL_ID,
  readAnnounce,
  readConnect,
  readError,
  readScrape,
  readTransactionId,
  writeAnnounce,
  writeConnect,
  writeScrape,
  type UdpAnnounceAnswer,
} from './udp/packets.ts'
export { UdpSocket, type UdpRequestOptions, type UdpSocketOptions } from './udp/udp-socket.ts'
export { UdpTrackerClient, type UdpClientOptions } from './udp/udp-tracker-client.ts'

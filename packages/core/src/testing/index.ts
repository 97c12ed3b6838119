export { announceBorrowed, BorrowedAnnounce } from './borrowed-announce.ts'
export { checkAnswer } from './check-answer.ts'
export { ModelPeerStore, type ModelOptions } from './model-peer-store.ts'
export { testPeerStore, type PeerStoreSuite } from './peer-store-suite.ts'
export {
  address,
  announceTo,
  changedAnnounce,
  sampleAnnounce,
  sampleInfoHash,
  samplePeerId,
  sampleScrape,
  scrapeFrom,
  scrapeRows,
  type AnnounceChanges,
} from './sample.ts'
export { endpoints, type StoreUnderTest } from './suite/check.ts'

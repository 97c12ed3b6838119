export { checkView } from './check-view.ts'
export { ModelPeerStore, type ModelOptions } from './model-peer-store.ts'
export { endpoints, testPeerStore, type PeerStoreSuite, type StoreUnderTest } from './peer-store-suite.ts'
export { address, sampleAnnounce, sampleInfoHash, samplePeerId, sampleRequest } from './sample.ts'

export { HttpParams } from './http-params.ts'
export { PeerAddress, type PeerAddresses, type PeerAddressOptions } from './peer-address.ts'

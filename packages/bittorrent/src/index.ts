export {
  addressFamily,
  formatAddress,
  parseAddress,
  parseSource,
  unmap,
  type Address,
  type AddressFamily,
} from './address.ts'
export { addressScope, type AddressScope } from './address-scope.ts'
export { bdecode, type BdecodeOptions, type Bdecoded } from './bdecode.ts'
export { bencode, BencodeWriter, utf8, type Bencodable } from './bencode.ts'
export { byteString, isByteString, writeByteString, writeWords } from './byte-string.ts'
export { claimSources, LOCAL_HOST, mayName } from './claimed-address.ts'
export { clientKey } from './client-key.ts'
export { ClientError, isClientError, type ClientErrorOptions } from './client-error.ts'
export {
  COMPACT_IPV4,
  COMPACT_IPV6,
  compactLength,
  compactPeer,
  countPeers,
  NO_PEERS,
  onePeer,
  readCompactPeers,
  type CompactPeers,
  type Endpoint,
} from './compact.ts'
export { eventFromName, eventFromNumber, eventToNumber, type AnnounceEvent } from './event.ts'
export { fromHex, toHex } from './hex.ts'
export { hostKey, hostPrefix } from './host-key.ts'
export {
  INFO_HASH_LENGTH,
  infoHashFrom,
  infoHashFromHex,
  readInfoHash,
  type InfoHash,
} from './info-hash.ts'
export { parseInteger, parseUint64 } from './integer.ts'
export { LOCAL_NETWORKS, Networks, parseNetwork, type Network } from './networks.ts'
export { clientId, PEER_ID_LENGTH, peerIdFrom, readPeerId, type PeerId } from './peer-id.ts'
export {
  parseProxyHeader,
  parseProxyHeaderV2,
  type NoProxyHeader,
  type ProxyHeader,
} from './proxy-protocol.ts'
export { Query, splitTarget, type Params, type QueryOptions } from './query.ts'
export type { ScrapeEntry } from './scrape.ts'
export { readUrlData, UrlDataParams } from './url-data.ts'

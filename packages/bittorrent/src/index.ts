export {
  addressFamily,
  formatAddress,
  parseAddress,
  parseSource,
  unmap,
  type Address,
  type AddressFamily,
} from './address/address.ts'
export { parseAddressLiteral } from './address/address-literal.ts'
export { addressScope, type AddressScope } from './address/address-scope.ts'
export { claimSources, LOCAL_HOST, mayName } from './address/claimed-address.ts'
export {
  COMPACT_IPV4,
  COMPACT_IPV6,
  compactLength,
  compactPeer,
  countPeers,
  readCompactPeers,
  type Endpoint,
} from './address/compact.ts'
export { hostKey, hostPrefix } from './address/host-key.ts'
export { LOCAL_NETWORKS, Networks, parseNetwork, type Network } from './address/networks.ts'
export {
  parseProxyHeader,
  parseProxyHeaderV2,
  type NoProxyHeader,
  type ProxyHeader,
} from './address/proxy-protocol.ts'
export { bdecode, type BdecodeOptions, type Bdecoded } from './codec/bdecode.ts'
export { bencode, BencodeWriter, utf8, type Bencodable } from './codec/bencode.ts'
export {
  byteString,
  fromHex,
  isByteString,
  toHex,
  writeByteString,
  writeWords,
} from './codec/byte-string.ts'
export { KeyedHash } from './codec/keyed-hash.ts'
export { parseInteger, parseUint64 } from './codec/integer.ts'
export {
  ClientError,
  INTERNAL_ERROR,
  INVALID_IP,
  INVALID_PORT,
  isClientError,
  type ClientErrorOptions,
} from './message/client-error.ts'
export { clientKey } from './message/client-key.ts'
export {
  eventFromName,
  eventFromNumber,
  eventToNumber,
  type AnnounceEvent,
} from './message/event.ts'
export {
  INFO_HASH_LENGTH,
  infoHashFrom,
  infoHashFromHex,
  readInfoHash,
  type InfoHash,
} from './message/info-hash.ts'
export { clientId, PEER_ID_LENGTH, peerIdFrom, readPeerId, type PeerId } from './message/peer-id.ts'
export { Query, splitTarget, type Params, type QueryOptions } from './message/query.ts'
export { RefusalTexts, refusalTexts } from './message/refusal-texts.ts'
export type { ScrapeEntry } from './message/scrape.ts'
export { readUrlData, UrlDataParams } from './message/url-data.ts'

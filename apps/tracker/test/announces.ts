import { bdecode, type Bdecoded } from '@chihaya/bittorrent'

/** The path and query of an announce of a leecher. */
export function announcePath(
  query: Readonly<Record<string, string | number>> = {},
  path = '/announce',
): string {
  const parameters = {
    info_hash: 'aaaaaaaaaaaaaaaaaaaa',
    peer_id: '-XX0001-aaaaaaaaaaaa',
    port: 6881,
    uploaded: 0,
    downloaded: 0,
    left: 1,
    ...query,
  }
  return `${path}?${new URLSearchParams(Object.entries(parameters).map(([key, value]): [string, string] => [key, String(value)])).toString()}`
}

/** A bencoded dictionary as a plain object. Nested values stay as decoded. */
export function decode(body: Uint8Array): Record<string, Bdecoded> {
  return Object.fromEntries(bdecode(body) as Map<string, Bdecoded>)
}

/** Header fields that a tracker's answer carries beside those of Node and Fastify. */
export type ReplyHeaders = Readonly<Record<string, string>>

const BENCODED: ReplyHeaders = { 'content-type': 'text/plain', 'cache-control': 'no-store' }
const BENCODED_AND_CLOSE: ReplyHeaders = { ...BENCODED, connection: 'close' }

/**
 * The header of a bencoded answer: plain text that no cache may keep, on a connection that ends
 * with it or does not.
 */
export function replyHeaders(keepAlive: boolean): ReplyHeaders {
  return keepAlive ? BENCODED : BENCODED_AND_CLOSE
}

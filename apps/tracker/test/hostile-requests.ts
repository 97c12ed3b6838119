import { announcePath } from './announces.ts'
import type { Random } from './random.ts'

/** A torrent that only hostile clients announce. */
const HOSTILE_HASH = 'h'.repeat(20)

const TARGET = announcePath({ info_hash: HOSTILE_HASH })
const GET = `GET ${TARGET} HTTP/1.1\r\n`
const CHUNKED = 'Transfer-Encoding: chunked\r\n'

/** Requests that no tracker client sends. Some are HTTP, some nearly. */
const HTTP: readonly [string, ...string[]] = [
  `GET ${TARGET}\r\n\r\n`,
  `GET ${TARGET} HTTP/0.9\r\n\r\n`,
  `GET ${TARGET} HTTP/2.0\r\n\r\n`,
  `GET ${TARGET} HTTP/9.9\r\n\r\n`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\n\r\n',
  'GET * HTTP/1.1\r\n\r\n',
  'GET http://x?a=b HTTP/1.1\r\n\r\n',
  `GET ftp://x${TARGET} HTTP/1.1\r\n\r\n`,
  'GET x:80 HTTP/1.1\r\n\r\n',
  'CONNECT x:80 HTTP/1.1\r\n\r\n',
  `TRACE ${TARGET} HTTP/1.1\r\n\r\n`,
  `BREW ${TARGET} HTTP/1.1\r\n\r\n`,
  `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  `${GET}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n`,
  `${GET}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
  `${GET}Expect: something\r\n\r\n`,
  `${GET}Content-Length: 5\r\n${CHUNKED}\r\n0\r\n\r\n`,
  `${GET}Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello`,
  `${GET}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  `${GET}${CHUNKED}\r\n5;${'a'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`,
  `${GET}${CHUNKED}\r\nfffffffffffffffff\r\n`,
  `${GET}X-A: b\r\n c\r\n\r\n`,
  `${GET}X-A : b\r\n\r\n`,
  `${GET}X-A: \0\r\n\r\n`,
  `GET ${TARGET} HTTP/1.1\n\n`,
  'GET /anno\0unce HTTP/1.1\r\n\r\n',
  'GET /announce%00?a HTTP/1.1\r\n\r\n',
  'GET /%c0%ae%c0%ae/announce HTTP/1.1\r\n\r\n',
  'GET /announce%zz HTTP/1.1\r\n\r\n',
  `GET ${TARGET}&event=%c0%80 HTTP/1.1\r\n\r\n`,
  `GET ${TARGET}&port=%00 HTTP/1.1\r\n\r\n`,
  `GET /announce?${'&a'.repeat(7000)} HTTP/1.1\r\n\r\n`,
  `GET /announce?${'%'.repeat(15_000)} HTTP/1.1\r\n\r\n`,
  `GET /announce?a=${'x'.repeat(17_000)} HTTP/1.1\r\n\r\n`,
  `${GET}${'a:\r\n'.repeat(2000)}\r\n`,
  `${GET}__proto__: x\r\nconstructor: y\r\n\r\n`,
  `GET /announce?__proto__=x&constructor[prototype][polluted]=y HTTP/1.1\r\n\r\n`,
  `${GET}\r\n`.repeat(150),
  `${GET}\r\n${GET}Content-Length: 3\r\n\r\nabc`,
  `GET /scrape?${`info_hash=${HOSTILE_HASH}&`.repeat(200)} HTTP/1.1\r\n\r\n`,
  '\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03',
  '\x13BitTorrent protocol\0\0\0\0\0\0\0\0',
  GET,
]

/** Bytes for a connection: a request, part of one, or noise. */
export function hostileStream(random: Random): Buffer {
  if (random.next() < 0.1) return random.bytes(1 + random.below(300))
  const bytes = Buffer.from(random.of(HTTP), 'latin1')
  return random.next() < 0.3 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes
}

/** A datagram that is almost a request, or noise. Some have the valid connection id `id`. */
export function hostileDatagram(random: Random, connectionId: bigint): Buffer {
  const id = Buffer.alloc(8)
  id.writeBigUInt64BE(connectionId)
  if (random.next() < 0.2) return random.bytes(random.below(1500))
  const datagram = Buffer.concat([
    random.next() < 0.5 ? id : random.bytes(8),
    random.bytes(90 + random.below(100)),
  ])
  datagram.writeUInt32BE(random.below(6), 8)
  datagram.write(HOSTILE_HASH, 16)
  return random.next() < 0.3 ? datagram.subarray(0, random.below(datagram.length + 1)) : datagram
}

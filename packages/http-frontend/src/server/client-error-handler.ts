import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { closeLingering } from '../lingering-close.ts'

const STATUS: ReadonlyMap<string | undefined, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
])

/**
 * Connections that have been refused: whatever else they send is refused again, by the same parser.
 */
const refused = new WeakSet<Socket>()

/**
 * Answers what Node's HTTP parser refuses: a bare status without body, after which the connection
 * ends.
 */
export function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    // What is written now would wait for the rest of the handshake, and the connection's end with
    // it, for ever.
    socket.destroy()
    return
  }
  if (refused.has(socket)) return
  refused.add(socket)
  if (socket.writable && !isAnswering(socket)) {
    const status = STATUS.get(error.code) ?? 400
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    )
  }
  closeLingering(socket)
}

/**
 * True when an answer is due whose place a bare status would take: that of an earlier request on
 * this connection. A request whose own body cannot be read has none.
 */
function isAnswering(socket: Socket): boolean {
  const response = (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? null
  return response !== null && (response.req.complete || response.headersSent)
}

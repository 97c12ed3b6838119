import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const STATUS: ReadonlyMap<string | undefined, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
])

/** Connections that were refused. The parser refuses whatever else they send again. */
const refused = new WeakSet<Socket>()

/** Answers requests that Node's parser refuses: a bare status, then the connection closes. */
export function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    // Anything written would wait for the end of the handshake, and so would the close.
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
 * Whether an answer to an earlier request on this connection is still due. A bare status would take
 * its place.
 */
function isAnswering(socket: Socket): boolean {
  const response = (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? null
  return response !== null && (response.req.complete || response.headersSent)
}

/** Milliseconds in which the client can read its answer and close its side. */
const LINGER = 2000

/**
 * Closes a connection after the answer has been sent, though the client may still be sending.
 * Closing at once would reset the connection because of unread bytes, and the client could lose the
 * answer.
 */
export function closeLingering(socket: Socket): void {
  socket.end()
  if (socket.destroyed) return
  // A client that keeps sending would never let the socket time out.
  const timer = setTimeout(() => socket.destroy(), LINGER).unref()
  socket.once('close', () => clearTimeout(timer))
}

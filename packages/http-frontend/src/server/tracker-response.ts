import { ServerResponse, type IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { closeLingering } from '../lingering-close.ts'
import { bodyFraming } from '../routes/request-body.ts'

// For what Node refuses by itself. Without a length it would send the empty body in chunks, which
// few clients can read.
const EMPTY_AND_CLOSE = { 'content-length': 0, connection: 'close' }

/**
 * The property by which Node marks the last response that `maxRequestsPerSocket` allows on a
 * connection.
 */
interface Counted {
  readonly maxRequestsOnConnectionReached?: boolean
}

/** A response as a tracker's server sends it, whoever wrote it: a plugin, or Node itself. */
export class TrackerResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  override writeHead(...args: unknown[]): this {
    // Node says `Connection: close` in this response, but keeps the connection and answers what
    // follows with 503.
    const isLast = (this as Counted).maxRequestsOnConnectionReached === true
    if (isLast) this.shouldKeepAlive = false
    if (isLast || bodyFraming(this.req) !== 'none') lingerAtClose(this.req, isLast)
    // Node answers an expectation other than `100-continue` before any handler hears of the
    // request.
    if (args[0] === 417 && args.length === 1 && this.req.headers.expect !== undefined)
      args.push(EMPTY_AND_CLOSE)
    return super.writeHead(...(args as Parameters<ServerResponse['writeHead']>))
  }
}

/**
 * Has Node close the connection in such a way that a client which is still sending gets the
 * response.
 */
function lingerAtClose(request: IncomingMessage, isLast: boolean): void {
  const { socket } = request
  // What Node calls after a response with which the connection is to end.
  socket.destroySoon = () => {
    if (isLast || !request.complete) closeLingering(socket)
    else Socket.prototype.destroySoon.call(socket)
  }
}

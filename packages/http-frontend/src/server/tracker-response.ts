import { ServerResponse, type IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { bodyFraming } from '../routes/request-body.ts'
import { closeLingering } from './client-error-handler.ts'

// For requests that Node refuses. Without a length it would send the empty body in chunks, which
// few clients can read.
const EMPTY_AND_CLOSE = { 'content-length': 0, connection: 'close' }

/** Node's mark for the last response that `maxRequestsPerSocket` allows on a connection. */
interface Counted {
  readonly maxRequestsOnConnectionReached?: boolean
}

/** A response of a tracker's server, written by a plugin or by Node itself. */
export class TrackerResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  override writeHead(...args: unknown[]): this {
    // Node sends `Connection: close` with it, but keeps the connection and answers 503 from then
    // on.
    const isLast = (this as Counted).maxRequestsOnConnectionReached === true
    if (isLast) this.shouldKeepAlive = false
    if (isLast || bodyFraming(this.req) !== 'none') lingerAtClose(this.req, isLast)
    // Node answers an expectation other than `100-continue` itself.
    if (args[0] === 417 && args.length === 1 && this.req.headers.expect !== undefined)
      args.push(EMPTY_AND_CLOSE)
    return super.writeHead(...(args as Parameters<ServerResponse['writeHead']>))
  }
}

/** Makes Node close the connection so that a client which is still sending gets the response. */
function lingerAtClose(request: IncomingMessage, isLast: boolean): void {
  const { socket } = request
  // Called by Node after the last response of a connection.
  socket.destroySoon = () => {
    if (isLast || !request.complete) closeLingering(socket)
    else Socket.prototype.destroySoon.call(socket)
  }
}

import type { IncomingMessage } from 'node:http'

/** Whether a request comes with a body: `chunked` does not tell before the chunks are there. */
export type BodyFraming = 'none' | 'length' | 'chunked'

/** What the header says of the body, whose framing Node's parser has checked. */
export function bodyFraming({ headers }: IncomingMessage): BodyFraming {
  if (headers['transfer-encoding'] !== undefined) return 'chunked'
  const length = headers['content-length']
  return length === undefined || Number(length) === 0 ? 'none' : 'length'
}

/**
 * Whether a chunked body has bytes in it, known from its first byte or its end. Does not settle where the connection ends
 * before; the server's `requestTimeout` bounds the wait.
 */
export function hasBytes(request: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    request.once('data', () => resolve(true))
    request.once('end', () => resolve(false))
  })
}

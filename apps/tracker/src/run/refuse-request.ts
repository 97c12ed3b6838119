import type { ServerResponse } from 'node:http'

const REPLY = 'd14:failure reason25:too many requests at oncee'
const HEADERS = {
  'content-type': 'text/plain',
  'content-length': REPLY.length,
  'cache-control': 'no-store',
  connection: 'close',
}

/** Answers an announce or scrape while too many others are under way. */
export function refuseRequest(response: ServerResponse): void {
  response.writeHead(503, HEADERS).end(REPLY)
}

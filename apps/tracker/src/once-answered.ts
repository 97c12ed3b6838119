import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What is to be called when a connection goes, for each of its requests that are not answered. */
const unanswered = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls `done` once: when a request is answered, or when its connection has gone. The response alone does not tell: of
 * several on one connection, Node 20 and 22 leave those open for ever that come behind the last one that was sent.
 */
export function onceAnswered({ socket }: IncomingMessage, response: ServerResponse, done: () => void): void {
  const waiting = unanswered.get(socket) ?? watch(socket)
  waiting.add(done)
  response.once('close', () => {
    if (waiting.delete(done)) done()
  })
}

function watch(socket: Socket): Set<() => void> {
  const waiting = new Set<() => void>()
  unanswered.set(socket, waiting)
  socket.once('close', () => {
    for (const done of waiting) done()
    waiting.clear()
  })
  return waiting
}

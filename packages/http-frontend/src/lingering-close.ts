import type { Socket } from 'node:net'

// Milliseconds for the client to read what it was sent, and to end its side.
const PATIENCE = 2000

/**
 * Ends a connection whose client may still be sending, once what is written has been sent. Closing
 * at once would have the system reset it because of the bytes that nobody reads, and the client
 * could lose the answer.
 */
export function closeLingering(socket: Socket): void {
  socket.end()
  if (socket.destroyed) return
  // Whoever neither reads nor ends would keep it open, and by sending keep its timeout from coming.
  const timer = setTimeout(() => socket.destroy(), PATIENCE).unref()
  socket.once('close', () => clearTimeout(timer))
}

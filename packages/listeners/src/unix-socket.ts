import { lstat, unlink } from 'node:fs/promises'
import { once } from 'node:events'
import { connect, type Server } from 'node:net'

/** Listens at a Unix socket with the permissions `mode`, such as 0o660. */
export async function listenUnix(server: Server, path: string, mode: number): Promise<void> {
  try {
    await bind(server, path, mode)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || !(await isStale(path)))
      throw error
    await unlink(path)
    await bind(server, path, mode)
  }
}

async function bind(server: Server, path: string, mode: number): Promise<void> {
  const listening = once(server, 'listening')
  // `listen` creates the file before it returns. A later change of mode would leave it open to all
  // for a moment.
  const umask = process.umask(~mode & 0o777)
  try {
    server.listen(path)
  } finally {
    process.umask(umask)
  }
  await listening
}

/** Whether a file is a socket that a process has left behind. */
async function isStale(path: string): Promise<boolean> {
  const file = await lstat(path)
  if (!file.isSocket()) return false
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}

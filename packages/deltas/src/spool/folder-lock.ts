import { unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

/** Thrown when another process has the folder. */
export class FolderInUse extends Error {
  constructor(folder: string, holder: string) {
    super(`${folder} is in use by ${holder}`)
    this.name = 'FolderInUse'
  }
}

/**
 * Keeps a folder for one process. The lock is a Unix socket in it: the system closes it together
 * with the process, so no lock outlives its holder, and whoever asks is told who that is.
 */
export class FolderLock {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** @throws {FolderInUse} when another process has the folder, or what the system says. */
  static async acquire(folder: string): Promise<FolderLock> {
    const path = join(folder, 'lock')
    try {
      return new FolderLock(await listen(path))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
    const holder = await askHolder(path)
    if (holder !== undefined) throw new FolderInUse(folder, holder)
    // The holder is gone, and has left its socket behind.
    await unlink(path)
    return new FolderLock(await listen(path))
  }

  async release(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.end(`process ${process.pid}`))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve(server.unref()))
  })
}

/** Who answers at the socket, or undefined when nobody does. */
function askHolder(path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let name = ''
    const socket = connect(path)
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      name += text
    })
    socket.on('end', () => resolve(name))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(undefined)
      else reject(error)
    })
  })
}

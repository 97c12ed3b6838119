import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

// Not the isolation level `READ COMMITTED`.
const COMMIT = /COMMIT(?!TED)/

/**
 * A proxy before a database that loses the answers to every other COMMIT: the database has
 * committed, and the client will never know from this connection.
 */
export class CuttingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #commits = 0
  cuts = 0

  private constructor(port: number) {
    this.#server = createServer((client) => this.#pass(client, port))
  }

  static async start(port: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(port)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #pass(client: Socket, port: number): void {
    const server = connect(port, '127.0.0.1')
    let cuts = false
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (bytes) => {
      if (COMMIT.test(bytes.toString('latin1'))) cuts = this.#commits++ % 2 === 0
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (!cuts) {
        client.write(bytes)
        return
      }
      this.cuts++
      client.destroy()
    })
  }
}

import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestKey } from './tokens.ts'

/** An issuer's key server on loopback. */
export class KeyServer implements AsyncDisposable {
  /** Paths of the requests so far. */
  readonly requests: string[] = []
  /** The handler. It stalls by never ending the response. */
  answer: (response: ServerResponse, path: string) => void
  readonly #server: Server

  private constructor(server: Server, keys: readonly TestKey[]) {
    this.#server = server
    this.answer = serving(keys)
    server.on('request', (request, response: ServerResponse) => {
      this.requests.push(request.url ?? '')
      this.answer(response, request.url ?? '')
    })
  }

  static async start(...keys: readonly TestKey[]): Promise<KeyServer> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new KeyServer(server, keys)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/keys`
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** From now on these are the keys. */
  serve(...keys: readonly TestKey[]): void {
    this.answer = serving(keys)
  }

  /** From now on requests are accepted and not answered. */
  stall(): void {
    this.answer = () => undefined
  }

  /** From now on every answer is this one. */
  say(status: number, body: string, headers: Readonly<Record<string, string>> = {}): void {
    this.answer = (response) => void response.writeHead(status, headers).end(body)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

/** Keys in the form in which an issuer publishes them. */
export function jwkSet(keys: readonly TestKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })
}

function serving(keys: readonly TestKey[]): KeyServer['answer'] {
  return (response) =>
    void response.setHeader('content-type', 'application/jwk-set+json').end(jwkSet(keys))
}

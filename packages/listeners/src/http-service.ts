import { LONGEST_TIMER, Pending } from '@chihaya/core'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** What answers requests: a Fastify instance that is ready. */
export interface Application {
  readonly routing: RequestListener
  /** Gets `upgrade` events, if it has listeners for them. */
  readonly server?: EventEmitter
  readonly close?: () => PromiseLike<unknown>
}

export interface ServiceEnd {
  /**
   * Milliseconds that upgraded connections, such as WebSockets, may go on before the application
   * closes. @default 0
   */
  readonly grace?: number
  /** Ends the grace at once. */
  readonly signal?: AbortSignal
}

/** Milliseconds for clients to answer the goodbye of an application that closes. */
const GOODBYE = 1000

/** An application and its unfinished requests. Another one may replace it at any time. */
export class HttpService {
  readonly #app: Application
  /** Requests that are being answered. */
  readonly requests: Pending = new Pending()
  readonly #upgraded = new Set<Duplex>()
  readonly #upgrades = new Pending()

  constructor(app: Application) {
    this.#app = app
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#app.routing(request, response)
  }

  /** Whether the application wants `upgrade` events. Otherwise such requests are plain ones. */
  get takesUpgrades(): boolean {
    return (this.#app.server?.listenerCount('upgrade') ?? 0) > 0
  }

  /** Leaves a connection to the application. It counts as the application's until it ends. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket)
    this.#upgrades.begin()
    socket.once('close', () => {
      this.#upgraded.delete(socket)
      this.#upgrades.end()
    })
    this.#app.server?.emit('upgrade', request, socket, head)
  }

  /**
   * Closes the application once its requests are answered and its upgraded connections have ended,
   * or their grace is over. Connections that are still open a second later are ended. No request
   * may reach the application any more.
   */
  async close({ grace = 0, signal }: ServiceEnd = {}): Promise<void> {
    await this.requests.idle()
    await this.#upgradesEnd(grace, signal)
    await this.#app.close?.()
    await this.#upgradesEnd(GOODBYE)
    for (const socket of this.#upgraded) socket.destroy()
  }

  async #upgradesEnd(patience: number, signal?: AbortSignal): Promise<void> {
    if (patience === 0 || signal?.aborted === true) return
    // Leaves neither a timer, which would keep the process alive, nor a listener on the signal, which
    // may outlive many applications.
    const waiting = new AbortController()
    const stop = (): void => waiting.abort()
    signal?.addEventListener('abort', stop)
    const time = delay(Math.min(patience, LONGEST_TIMER), undefined, { signal: waiting.signal })
    await Promise.race([this.#upgrades.idle(), time.catch(() => undefined)])
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

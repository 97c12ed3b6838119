import type { FastifyBaseLogger } from 'fastify'
import {
  ConnectionMeter,
  type ConnectionDrop,
  type DroppedConnection,
  type Handover,
} from '@chihaya/core'
import { ConnectionLimit } from './connection-limit.ts'
import type { AddressInfo } from 'node:net'
import { DropLog } from './drop-log.ts'
import { formatHttpAddress } from './address.ts'
import { HttpListener, type ListenerInit } from './http-listener.ts'
import type { HttpService } from './http-service.ts'
import type { ConnectionLimits, HttpListenerOptions } from './options.ts'

/** What to serve, and where. */
export interface HttpPlan {
  readonly listeners: readonly HttpListenerOptions[]
  /** @default {} */
  readonly limits?: ConnectionLimits
  readonly service: HttpService
}

export interface HttpListenersInit extends Pick<ListenerInit, 'server' | 'refuse'> {
  readonly log: FastifyBaseLogger
  /** The name of the service in the log. @default 'server' */
  readonly name?: string
  /** Counts connections. @default a new one */
  readonly meter?: ConnectionMeter
}

/** HTTP and HTTPS addresses that are handed from one application to the next. */
export class HttpListeners {
  readonly #init: HttpListenersInit
  readonly #log: FastifyBaseLogger
  readonly #name: string
  readonly #meter: ConnectionMeter
  readonly #drops: DropLog
  readonly #limit = new ConnectionLimit((reason, dropped) => this.#drop(reason, dropped))
  #listeners: readonly HttpListener[] = []

  constructor(init: HttpListenersInit) {
    const { log, name = 'server', meter = new ConnectionMeter() } = init
    this.#init = init
    this.#log = log
    this.#name = name
    this.#meter = meter
    this.#drops = new DropLog(log)
    meter.watch(() => this.#listeners.reduce((sum, { connections }) => sum + connections, 0))
  }

  /** Serves a plan at once: `prepare` and `commit`. */
  async serve(plan: HttpPlan): Promise<void> {
    const handover = await this.prepare(plan)
    await handover.commit()
  }

  /** Where the listeners listen, in the order of the plan in force. */
  addresses(): Array<AddressInfo | string> {
    return this.#listeners.flatMap((listener) => listener.address() ?? [])
  }

  /**
   * Opens the addresses that are new.
   * @throws the first error, with none left open; also for wrong options of an address that stays.
   */
  async prepare({ listeners, limits = {}, service }: HttpPlan): Promise<Handover> {
    new ConnectionLimit().configure(limits)
    const rest = [...this.#listeners]
    const next = listeners.map((options) => {
      // Checks the options, even if it is not used.
      const fresh = this.#listener(options, service)
      const index = rest.findIndex((listener) => isAt(listener, options))
      const [kept] = index < 0 ? [] : rest.splice(index, 1)
      return { options, kept, listener: kept ?? fresh }
    })
    const opened = next.filter(({ kept }) => !kept).map(({ listener }) => listener)
    await this.#open(opened)
    return {
      commit: async () => {
        this.#limit.configure(limits)
        for (const { kept, options } of next) if (kept) this.#pass(kept, options, service)
        for (const listener of rest) listener.serve(listener.options, service)
        this.#listeners = next.map(({ listener }) => listener)
        await this.#close(rest)
      },
      cancel: () => this.#close(opened),
    }
  }

  /** Sends the replies that are due, and ends every connection that is not upgraded. */
  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }

  #listener(options: HttpListenerOptions, service: HttpService): HttpListener {
    const { server = {}, refuse } = this.#init
    const listener: HttpListener = new HttpListener(options, service, {
      limit: this.#limit,
      onDrop: (reason, dropped, details) =>
        this.#drop(reason, dropped, { ...details, ...placeOf(listener) }),
      server,
      ...(refuse && { refuse }),
    })
    return listener
  }

  #drop(reason: ConnectionDrop, dropped: DroppedConnection, details?: object): void {
    this.#meter.count(reason, dropped)
    this.#drops.add(reason, dropped, details)
  }

  async #open(listeners: readonly HttpListener[]): Promise<void> {
    try {
      for (const listener of listeners) {
        // One after the other, so that the log has them in the order of the plan.
        // oxlint-disable-next-line no-await-in-loop
        await listener.open()
        this.#log.info(
          placeOf(listener),
          `the ${listener.protocol.toUpperCase()} ${this.#name} listens`,
        )
      }
    } catch (error) {
      await this.#close(listeners)
      throw error
    }
  }

  #pass(listener: HttpListener, options: HttpListenerOptions, service: HttpService): void {
    const place = placeOf(listener)
    const { unixMode } = listener.options
    if (listener.serve(options, service))
      this.#log.info(place, `the HTTPS ${this.#name} has another certificate`)
    if (options.unixMode === unixMode) return
    try {
      listener.setUnixMode()
    } catch (error) {
      this.#log.error({ err: error, ...place }, 'the permissions of the Unix socket cannot change')
    }
  }

  async #close(listeners: readonly HttpListener[]): Promise<void> {
    await Promise.all(
      listeners.map(async (listener) => {
        const place = placeOf(listener)
        if (!place) return
        await listener.close()
        this.#log.info(
          place,
          `the ${listener.protocol.toUpperCase()} ${this.#name} no longer listens`,
        )
      }),
    )
  }
}

/** A server cannot change its protocol. */
function isAt({ options }: HttpListener, { address, tls }: HttpListenerOptions): boolean {
  const isSamePlace = formatHttpAddress(options.address) === formatHttpAddress(address)
  return isSamePlace && (options.tls === undefined) === (tls === undefined)
}

/** For the log; undefined for a listener that does not listen. */
function placeOf(listener: HttpListener): object | undefined {
  const place = listener.address()
  if (place === null) return undefined
  if (typeof place === 'string') return { path: place }
  const { address, port } = place
  // An IPv6 wildcard socket takes IPv4 connections, too.
  return { address, port, ...(address === '::' && { families: 'IPv4 and IPv6' }) }
}

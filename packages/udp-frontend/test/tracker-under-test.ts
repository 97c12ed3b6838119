import {
  parseOptions,
  Tracker,
  type CoreOptions,
  type PeerStore,
  type TrackerHooks,
} from '@chihaya/core'
import { MemoryPeerStore } from '@chihaya/storage-memory'
import { UdpFrontend } from '../src/frontend.ts'
import { optionsSchema, type UdpFrontendOptions } from '../src/options.ts'
import { connect } from './datagrams.ts'

export interface Source {
  readonly address: string
  readonly port: number
}

export const IPV4: Source = { address: '192.0.2.9', port: 40_000 }
export const IPV6: Source = { address: '2001:db8::9', port: 40_000 }

export interface TrackerUnderTestInit {
  readonly options?: UdpFrontendOptions
  readonly core?: CoreOptions
  readonly store?: PeerStore
  readonly hooks?: Partial<TrackerHooks>
  readonly drainTimeout?: number
  readonly maxPending?: number
}

/** A UDP frontend without Fastify, on the test's clock, by default with the memory store. */
export class TrackerUnderTest {
  /** Milliseconds since 1970. */
  now = 1_795_255_278_000
  readonly logged: Array<{ details: object; message: string }> = []
  readonly frontend: UdpFrontend

  constructor(init: TrackerUnderTestInit = {}) {
    const record = (details: object, message: string): void =>
      void this.logged.push({ details, message })
    const log = { error: record, warn: record, info: record }
    const store = init.store ?? new MemoryPeerStore({ peerLifetime: '1m' }, () => this.now)
    const tracker = new Tracker({ store, log, options: init.core ?? {} })
    for (const [name, hook] of Object.entries(init.hooks ?? {}))
      tracker.addHook(name as keyof TrackerHooks, hook)
    tracker.start()
    const options = parseOptions('@chihaya/udp-frontend', optionsSchema, init.options ?? {})
    const { drainTimeout = 5000, maxPending = 20_000 } = init
    const now = (): number => this.now
    this.frontend = new UdpFrontend({
      tracker,
      options,
      optionalAddresses: false,
      log,
      now,
      drainTimeout,
      maxPending,
    })
  }

  send(datagram: Uint8Array, source: Source = IPV4): Promise<Buffer | undefined> {
    return this.frontend.inject(datagram, source)
  }

  /** A fresh connection id for a source. */
  async connect(source: Source = IPV4): Promise<Buffer> {
    const reply = await this.send(connect(), source)
    if (!reply) throw new TypeError('no reply to a connect')
    return reply.subarray(8)
  }
}

import type { InfoHash } from '@chihaya/bittorrent'
import { DurationHistogram, type Log } from '@chihaya/core'
import { connectionsOf, type Client } from './client.ts'
import { faultOf, hider, QUEUE_FULL, type Fault } from './faults.ts'
import { Health } from './health.ts'
import { PendingCommands, type CommandDetails } from './pending-commands.ts'

/** Upper bounds of the histogram of round trips, in milliseconds. */
const ROUND_TRIP_BUCKETS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]

const NOT_YET: Fault = { kind: 'connection', reason: 'there is no connection yet' }
const LOST: Fault = { kind: 'connection', reason: 'the connection was lost' }
const CLOSED: Fault = { kind: 'connection', reason: 'the store is closed' }
const READING: CommandDetails = { effect: 'none' }

export interface ConnectionInit {
  readonly client: Client
  /** Names the server in messages. */
  readonly address: string
  readonly secrets: ReadonlyArray<string | null | undefined>
  /** Milliseconds until a command is given up. */
  readonly timeout: number
  /** Commands that may be pending at once. */
  readonly limit: number
  readonly log: Log
  /** Called whenever a write has failed. */
  readonly writeFailed: () => void
  /** Called when a lost connection has been replaced. */
  readonly reconnected: () => void
}

/** Sends commands to Redis, bounded in time and number, and tracks whether they succeed. */
export class Connection {
  readonly client: Client
  readonly health: Health
  readonly roundTrips: DurationHistogram = new DurationHistogram(ROUND_TRIP_BUCKETS)
  readonly faultOf: (error: unknown) => Fault
  readonly #commands: PendingCommands
  readonly #listeners: ReadonlyArray<[event: string, listener: (error: Error) => void]>
  /** Why there is no connection, or why the last one was lost. */
  #lost: Fault = NOT_YET
  #failedAt: InfoHash | undefined
  #corked = false

  constructor({
    client,
    address,
    secrets,
    timeout,
    limit,
    log,
    writeFailed,
    reconnected,
  }: ConnectionInit) {
    this.client = client
    this.health = new Health(log, address)
    const hide = hider(secrets)
    this.faultOf = (error) => faultOf(error, hide)
    this.#commands = new PendingCommands({
      timeout,
      limit,
      faultOf: this.faultOf,
      answered: (milliseconds, { effect }) => {
        this.roundTrips.observe(milliseconds)
        // In a cluster another node than the one that refused a write may have answered.
        this.health.succeeded(effect === 'adds' && !client.isCluster)
      },
      failed: (fault, { effect, infoHash }) => {
        this.health.failed(fault, effect)
        if (!this.health.writesFail) return
        this.#failedAt = infoHash ?? this.#failedAt
        writeFailed()
      },
    })
    const ready = (): void => {
      const isFirst = this.#lost === NOT_YET
      this.#lost = LOST
      this.health.connected()
      if (!isFirst) reconnected()
    }
    const failed = (error: Error): void => {
      this.#lost = this.faultOf(error)
      this.health.noticed(this.#lost)
    }
    this.#listeners = [
      ['error', failed],
      // One node of a cluster. Commands that depend on it will show.
      ['node error', (error) => (this.#lost = this.faultOf(error))],
      ['close', () => this.health.noticed(this.#lost)],
      ['ready', ready],
    ]
    for (const [event, listener] of this.#listeners) client.on(event, listener)
  }

  /** Commands that wait for their answer. */
  get pending(): number {
    return this.#commands.size
  }

  /** The torrent for which a write failed last. */
  get failedAt(): InfoHash | undefined {
    return this.#failedAt
  }

  /**
   * Why a command would fail at once, which counts as a failure; undefined if it is worth sending.
   */
  unavailable(): Fault | undefined {
    const { status } = this.client
    let fault: Fault | undefined
    if (status !== 'ready' && status !== 'wait') fault = this.#lost
    else if (this.#commands.full) fault = QUEUE_FULL
    if (fault) this.health.failed(fault)
    return fault
  }

  /** Whether commands can be sent. */
  get isOpen(): boolean {
    return this.client.status === 'ready' && !this.#commands.full
  }

  /**
   * Sends a command, in one write with all others of this turn of the event loop. Rejects with a
   * `Fault`.
   */
  send<Reply>(command: () => Promise<Reply>, details: CommandDetails = READING): Promise<Reply> {
    if (!this.#corked) this.#cork()
    return this.#commands.run(details, command)
  }

  /** Gives up pending commands and removes listeners. The client is left open. */
  close(): void {
    for (const [event, listener] of this.#listeners) this.client.off(event, listener)
    this.#commands.close(CLOSED)
  }

  /** Delays writes until this turn is over. */
  #cork(): void {
    this.#corked = true
    // A client that has not connected yet has no stream, despite its type.
    const streams = connectionsOf(this.client).map(
      ({ stream }) => stream as typeof stream | undefined,
    )
    for (const stream of streams) stream?.cork()
    setImmediate(() => {
      this.#corked = false
      for (const stream of streams) stream?.uncork()
    })
  }
}

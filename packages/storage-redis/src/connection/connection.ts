import type { InfoHash } from '@chihaya/bittorrent'
import type { Client } from './client.ts'
import { faultOf, hider, QUEUE_FULL, type Fault } from './faults.ts'
import { Flights, type CommandDetails } from './pending-commands.ts'
import { Health, type StoreLog } from './health.ts'
import { RoundTrips } from './round-trips.ts'
import { WriteBatch } from './write-batch.ts'

const UNMADE: Fault = { kind: 'connection', reason: 'there is no connection yet' }
const LOST: Fault = { kind: 'connection', reason: 'the connection was lost' }
/** The command of one who only looks. */
const READING: CommandDetails = { effect: 'none' }
const CLOSED: Fault = { kind: 'connection', reason: 'the store is closed' }

export interface LinkInit {
  readonly client: Client
  /** Which Redis it is, in words. */
  readonly target: string
  readonly secrets: ReadonlyArray<string | null | undefined>
  /** Milliseconds until a command is given up. */
  readonly timeout: number
  /** Commands that may wait at once. */
  readonly limit: number
  readonly log: StoreLog
  /** Is told whenever a write has failed. */
  readonly writeFailed: () => void
  /** Is told when a connection takes the place of one that was lost. */
  readonly reconnected: () => void
}

/** The way to Redis: bounded in time and number, and known to be well or not. */
export class Link {
  readonly client: Client
  readonly health: Health
  readonly roundTrips: RoundTrips = new RoundTrips()
  readonly faultOf: (error: unknown) => Fault
  readonly #flights: Flights
  readonly #batch: WriteBatch
  readonly #listeners: ReadonlyArray<[event: string, listener: (error: Error) => void]>
  #lost: Fault = UNMADE
  #failedAt: InfoHash | undefined

  constructor({
    client,
    target,
    secrets,
    timeout,
    limit,
    log,
    writeFailed,
    reconnected,
  }: LinkInit) {
    this.client = client
    this.health = new Health(log, target)
    const hide = hider(secrets)
    this.faultOf = (error) => faultOf(error, hide)
    this.#batch = new WriteBatch(client)
    this.#flights = new Flights({
      timeout,
      limit,
      faultOf: this.faultOf,
      landed: (milliseconds, { effect }) => {
        this.roundTrips.observe(milliseconds)
        // Another node of a cluster says nothing of the one that has refused a write.
        this.health.succeeded(effect === 'adds' && !client.isCluster)
      },
      lost: (fault, { effect, infoHash }) => {
        this.health.failed(fault, effect)
        if (!this.health.writesFail) return
        this.#failedAt = infoHash ?? this.#failedAt
        writeFailed()
      },
    })
    this.#listeners = [
      ['error', (error) => this.#lose(error)],
      // One of a cluster's nodes, on which few commands or none may depend: they will tell.
      ['node error', (error) => (this.#lost = this.faultOf(error))],
      ['close', () => this.health.noticed(this.#lost)],
      [
        'ready',
        () => {
          const isFirst = this.#lost === UNMADE
          this.#find()
          if (!isFirst) reconnected()
        },
      ],
    ]
    for (const [event, listener] of this.#listeners) client.on(event, listener)
  }

  /** Commands that wait for their answer. */
  get pending(): number {
    return this.#flights.size
  }

  /** The torrent for which a write has failed last. */
  get failedAt(): InfoHash | undefined {
    return this.#failedAt
  }

  /** Why a command would fail at once; undefined when it is worth sending. Counts as a failure. */
  obstacle(): Fault | undefined {
    const { status } = this.client
    const fault =
      status !== 'ready' && status !== 'wait'
        ? this.#lost
        : this.#flights.full
          ? QUEUE_FULL
          : undefined
    if (fault) this.health.failed(fault)
    return fault
  }

  /** Whether commands can be sent at all. */
  get isOpen(): boolean {
    return this.client.status === 'ready' && !this.#flights.full
  }

  /** Sends commands in one write with all others of this turn. Rejects with a `Fault`. */
  send<Reply>(command: () => Promise<Reply>, details: CommandDetails = READING): Promise<Reply> {
    this.#batch.begin()
    return this.#flights.run(details, command)
  }

  /** Gives up what waits. The client stays as it is, but for our listeners. */
  close(): void {
    for (const [event, listener] of this.#listeners) this.client.off(event, listener)
    this.#flights.close(CLOSED)
  }

  #find(): void {
    this.#lost = LOST
    this.health.connected()
  }

  #lose(error: Error): void {
    this.#lost = this.faultOf(error)
    this.health.noticed(this.#lost)
  }
}

import { connectionsOf, type Client } from './client.ts'

/**
 * Lets the commands of one turn of the event loop leave together, in one write to each connection.
 */
export class WriteBatch {
  readonly #client: Client
  #open = false

  constructor(client: Client) {
    this.#client = client
  }

  /** Holds back what is written from now on until this turn is over. */
  begin(): void {
    if (this.#open) return
    this.#open = true
    // A client that has not connected yet has no stream, whatever its type says.
    const streams = connectionsOf(this.#client).map(
      ({ stream }) => stream as typeof stream | undefined,
    )
    for (const stream of streams) stream?.cork()
    setImmediate(() => {
      this.#open = false
      for (const stream of streams) stream?.uncork()
    })
  }
}

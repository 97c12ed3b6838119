import type { Announce, Scrape } from '@chihaya/core'
import { findPasskey } from './find-passkey.ts'
import { PasskeyGuesses } from './passkey-guesses.ts'
import {
  ACCOUNT_DISABLED,
  CLIENT_NOT_ALLOWED,
  NOT_ANNOUNCED,
  PASSKEY_NOT_FOUND,
  UNREGISTERED,
} from './refusals.ts'
import type { Registry } from './registry/registry.ts'

export interface GateOptions {
  /** Query parameters that may hold a passkey, in the order in which they are looked at. */
  readonly parameters: readonly string[]
  /** Unknown passkeys from one address, after which it is refused. */
  readonly guesses: number
  /** Seconds in which they are counted, and for which the address is refused. */
  readonly guessWindow: number
}

/** Finds out who asks, and for which torrent, or refuses. Its checks change nothing. */
export class Gate {
  readonly #registry: Registry
  readonly #parameters: readonly string[]
  readonly #guesses: PasskeyGuesses

  constructor(registry: Registry, options: GateOptions) {
    this.#registry = registry
    this.#parameters = options.parameters
    this.#guesses = new PasskeyGuesses(options.guesses, options.guessWindow)
  }

  /** The record of the user who asks; `now` in seconds. @throws {ClientError} */
  user({ params, address }: Announce | Scrape, now: number): number {
    const { users } = this.#registry
    if (this.#guesses.refuses(address, now)) throw PASSKEY_NOT_FOUND
    const passkey = findPasskey(params, this.#parameters)
    // A request without one is a client that was set up wrongly, not a guess.
    if (passkey === undefined) throw PASSKEY_NOT_FOUND
    const user = users.findByPasskey(passkey)
    if (user === 0) {
      this.#guesses.note(address, now)
      throw PASSKEY_NOT_FOUND
    }
    if (!users.enabled(user)) throw ACCOUNT_DISABLED
    return user
  }

  /** @throws {ClientError} when the client may not take part. Whoever stops may always. */
  checkClient({ event, peerId }: Announce): void {
    const { clients } = this.#registry
    if (clients.size > 0 && event !== 'stopped' && !clients.allows(peerId)) throw CLIENT_NOT_ALLOWED
  }

  /** The record of a torrent that may be announced; `now` in seconds. @throws {ClientError} */
  torrent(infoHash: Uint32Array, now: number): number {
    const { torrents, deleted } = this.#registry
    const torrent = torrents.findByInfoHash(infoHash)
    if (torrent === 0) throw deleted.refusal(infoHash, now) ?? UNREGISTERED
    const state = torrents.state(torrent)
    if (state !== 'ok') throw NOT_ANNOUNCED[state]
    return torrent
  }
}

import { byteString, ClientError, type InfoHash } from '@chihaya/bittorrent'

const MAX_TORRENTS = 65_536
/** Seconds for which clients are told why a torrent is gone. */
const REMEMBERED = 86_400

interface Deleted {
  readonly refusal: ClientError
  /** Seconds since 1970. */
  readonly until: number
}

/** Torrents that were deleted for a reason, which their clients are told for a day. */
export class DeletedTorrents {
  readonly #torrents = new Map<string, Deleted>()

  /** `reason` is short and printable; `now` in seconds since 1970. */
  add(infoHash: InfoHash, reason: string, now: number): void {
    const refusal = new ClientError(`Unregistered torrent: ${reason}`, { retryIn: 'never' })
    this.#torrents.delete(infoHash)
    this.#torrents.set(infoHash, { refusal, until: now + REMEMBERED })
    if (this.#torrents.size <= MAX_TORRENTS) return
    const [oldest] = this.#torrents.keys()
    if (oldest !== undefined) this.#torrents.delete(oldest)
  }

  /** A torrent that is there again. */
  remove(infoHash: InfoHash): void {
    this.#torrents.delete(infoHash)
  }

  /** What clients of a torrent are told, if it has been deleted within a day. */
  refusal(infoHash: Uint32Array, now: number): ClientError | undefined {
    if (this.#torrents.size === 0) return undefined
    const bytes = new Uint8Array(infoHash.buffer, infoHash.byteOffset, infoHash.byteLength)
    const deleted = this.#torrents.get(byteString(bytes))
    return deleted && now < deleted.until ? deleted.refusal : undefined
  }
}

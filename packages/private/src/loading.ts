import { infoHashFrom, byteString, type InfoHash } from '@chihaya/bittorrent'
import {
  DeltaReader,
  type Backend,
  type Delta,
  type RegistryLoader,
  type SessionRow,
  type Spool,
  type TorrentRow,
} from '@chihaya/deltas'
import type { Sessions } from './accounting/sessions.ts'
import type { Registry } from './registry/registry.ts'
import type { Torrent } from './registry/torrent-table.ts'
import { RegistryError } from './registry/user.ts'

/** Rows that are logged one by one; a database with more has one fault many times. */
const LOGGED = 10

export interface LoadingLog {
  warn(details: object, message: string): void
}

/** What has been loaded, and what could not be. */
interface LoadingResult {
  skipped: number
}

interface State {
  readonly registry: Registry
  readonly sessions: Sessions
}

/**
 * Reads the state from the database, and brings it up to date with the records that the spool has
 * beyond. Sessions silent since before `since` (seconds since 1970) are left out.
 * @throws what the database or the spool does.
 */
export async function loadState(
  { registry, sessions }: State,
  backend: Backend,
  spool: Spool | undefined,
  since: number,
  log: LoadingLog & { info(details: object, message: string): void },
): Promise<void> {
  const result: LoadingResult = { skipped: 0 }
  const place = (await backend.open(spool?.source ?? new Uint8Array(16))) ?? 0
  await backend.load(loaderInto(registry, sessions, log, result), since)
  let replayed = 0
  if (spool && place + 1 < spool.first) {
    // The database is older than the spool reaches back: what is between is lost to both.
    log.warn(
      { place, first: spool.first },
      'the spool does not follow the database, and is set aside',
    )
    await spool.restart()
  } else if (spool) {
    for await (const { first, count, body } of spool.read(place + 1)) {
      const reader = new DeltaReader(body)
      for (let index = 0; index < count; index++) {
        const delta = reader.read()
        if (first + index <= place) continue
        replay(delta, sessions, registry)
        replayed++
      }
    }
  }
  const { users, torrents } = registry
  log.info(
    {
      users: users.size,
      torrents: torrents.size,
      sessions: sessions.table.size,
      skipped: result.skipped,
      replayed,
    },
    'the private tracker has its state',
  )
}

/** Takes the rows of a database into memory. Rows that make no sense are skipped and counted. */
function loaderInto(
  registry: Registry,
  sessions: Sessions,
  log: LoadingLog,
  result: LoadingResult,
): RegistryLoader {
  const each = <Row>(kind: string, take: (row: Row) => void) => {
    return (rows: readonly Row[]): void => {
      for (const row of rows) {
        try {
          take(row)
        } catch (error) {
          if (!(error instanceof RegistryError)) throw error
          result.skipped++
          if (result.skipped > LOGGED) continue
          const { id } = row as { id?: number }
          log.warn({ kind, id, reason: error.message }, 'a row of the database is skipped')
        }
      }
    }
  }
  return {
    users: each('user', (row) => void registry.users.put(row)),
    torrents: each('torrent', (row) => void registry.torrents.put(torrentOf(row))),
    tokens: each('token', ({ user, torrent, expiresAt }) =>
      registry.tokens.put(user, torrent, expiresAt),
    ),
    promotions: each('promotion', (row) => registry.promotions.put(row)),
    clients: each('client', ({ prefix, allowed }) => registry.clients.put(prefix, allowed)),
    sessions: each('session', (row) => void sessions.restore(row)),
  }
}

/** Applies a record that the database does not have yet, as the spool does. */
function replay(delta: Delta, sessions: Sessions, registry: Registry): void {
  const { peer, counters, state, at, since, user, torrent, announces } = delta
  if (delta.type === 'token') registry.tokens.remove(user, torrent)
  if (!peer || !counters) return
  const row: SessionRow = {
    user,
    torrent,
    peer,
    state,
    announces,
    first: since,
    last: at,
    ...counters,
  }
  sessions.restore(row)
}

function torrentOf(row: TorrentRow): Torrent {
  const { id, leechType, upPercent, downPercent, state, infoHashV2 } = row
  return {
    id,
    infoHash: infoHashOf('infoHash', row.infoHash),
    infoHashV2: infoHashV2 && infoHashOf('infoHashV2', infoHashV2),
    ...(leechType && { leechType }),
    ...(state && { state }),
    ...(upPercent !== undefined && { upPercent }),
    ...(downPercent !== undefined && { downPercent }),
  }
}

function infoHashOf(key: string, bytes: Uint8Array): InfoHash {
  const infoHash = infoHashFrom(byteString(bytes))
  if (!infoHash) throw new RegistryError(key, `must be 20 bytes, got ${bytes.length}`)
  return infoHash
}

import {
  infoHashFromHex,
  parseAddress,
  peerIdFrom,
  writeWords,
  type AnnounceEvent,
  type InfoHash,
  KeyedHash,
} from '@chihaya/bittorrent'
import { Accountant } from '../src/accounting/accountant.ts'
import { Accounted, type Endpoint } from '../src/accounting/accounted.ts'
import type { AccountingRules } from '../src/accounting/rules.ts'
import { Sessions } from '../src/accounting/sessions.ts'
import { Registry } from '../src/registry/registry.ts'
import type { Torrent } from '../src/registry/torrent-table.ts'
import type { User } from '../src/registry/user.ts'

const DEFAULT_RULES: AccountingRules = {
  gapLimit: 3600,
  reorderWindow: 60,
  peerLifetime: 1860,
  sessionLifetime: 7 * 86_400,
  maxSessions: 4_000_000,
  peersPerTorrent: 3,
  onSlotsFull: 'refuse',
  combine: 'product',
  maxSpeed: 1.25e9,
  onMaxSpeed: 'flag',
  snatches: 'every',
  countSilentCompletion: false,
  creditStarted: true,
  tokenOnFree: false,
  tokenEnds: 'completion',
}

/** The second that scenarios begin with. */
const BEGIN = 1_700_000_000

const EVENTS: Readonly<Record<string, AnnounceEvent>> = {
  start: 'started',
  comp: 'completed',
  stop: 'stopped',
  pause: 'paused',
  '–': 'none',
}

export interface Where {
  readonly user?: number
  readonly torrent?: number
  readonly address?: string
  readonly port?: number
  readonly corrupt?: number
}

/** What an announce came to, as far as scenarios look at it. */
export interface Outcome extends Pick<
  Accounted,
  | 'isNew'
  | 'refusal'
  | 'hidden'
  | 'changed'
  | 'rawUp'
  | 'rawDown'
  | 'seedTime'
  | 'leechTime'
  | 'upSpeed'
  | 'downSpeed'
  | 'snatch'
  | 'tokenUsed'
  | 'state'
  | 'free'
> {
  /** Credited bytes, as `up/down`. */
  readonly credit: string
  readonly flags: readonly string[]
  readonly vacated: readonly Endpoint[]
  readonly replaced: number
  readonly session: number
}

/** A site with users 1 and 2 and torrent 1, whose clients announce in words. */
export class Site {
  readonly registry: Registry
  readonly sessions: Sessions
  readonly accountant: Accountant
  readonly #outcome = new Accounted()

  constructor(rules: Partial<AccountingRules> = {}) {
    const hash = new KeyedHash(1, 2)
    this.registry = new Registry(hash)
    this.sessions = new Sessions(this.registry, hash)
    this.accountant = new Accountant(this.registry, this.sessions, { ...DEFAULT_RULES, ...rules })
    this.user(1)
    this.user(2)
    this.torrent(1)
  }

  user(id: number, properties: Partial<User> = {}): void {
    this.registry.users.put({ id, passkey: `passkey-of-user-${id}`, ...properties })
  }

  torrent(id: number, properties: Partial<Torrent> = {}): void {
    this.registry.torrents.put({ id, infoHash: infoHash(id), ...properties })
  }

  /** Seconds since 1970 of a scenario's second. */
  at(second: number): number {
    return BEGIN + second
  }

  /**
   * An announce in the notation of the scenarios: `site.announce('1800 A – 500/0/1000')`. `left` may
   * be `?`, as some clients do not say.
   */
  announce(text: string, where: Where = {}): Outcome {
    const [second, peer, event, counters] = text.split(' ') as [string, string, string, string]
    const [uploaded, downloaded, left] = counters.split('/') as [string, string, string]
    const peerId = new Uint32Array(5)
    const id = peerIdFrom(`-XX0001-${peer.padEnd(12, '.')}`)
    if (!id) throw new Error(`no peer id in ${text}`)
    writeWords(id, peerId)
    const outcome = this.#outcome
    this.accountant.account(
      {
        user: this.registry.users.find(where.user ?? 1),
        torrent: this.registry.torrents.find(where.torrent ?? 1),
        peerId,
        event: EVENTS[event] ?? 'none',
        uploaded: Number(uploaded),
        downloaded: Number(downloaded),
        corrupt: where.corrupt ?? 0,
        left: left === '?' ? undefined : Number(left),
        address: addressOf(where.address ?? defaultAddress(peer)),
        port: where.port ?? 6881,
        now: this.at(Number(second)),
      },
      outcome,
    )
    return {
      isNew: outcome.isNew,
      refusal: outcome.refusal,
      hidden: outcome.hidden,
      changed: outcome.changed,
      rawUp: outcome.rawUp,
      rawDown: outcome.rawDown,
      seedTime: outcome.seedTime,
      leechTime: outcome.leechTime,
      upSpeed: outcome.upSpeed,
      downSpeed: outcome.downSpeed,
      snatch: outcome.snatch,
      tokenUsed: outcome.tokenUsed,
      state: outcome.state,
      free: outcome.free,
      session: outcome.session,
      credit: `${outcome.creditUp}/${outcome.creditDown}`,
      flags: [...outcome.suspicions],
      vacated: [...outcome.vacated],
      replaced: outcome.replaced.length,
    }
  }

  leeching(user = 1): number {
    return this.registry.users.leeching(this.registry.users.find(user))
  }

  seeding(user = 1): number {
    return this.registry.users.seeding(this.registry.users.find(user))
  }

  /** Active sessions of a torrent, as `seeding/others`. */
  swarm(torrent = 1): string {
    const { torrents } = this.registry
    const record = torrents.find(torrent)
    return `${torrents.seeding(record)}/${torrents.leeching(record)}`
  }
}

export function infoHash(id: number): InfoHash {
  return infoHashFromHex(id.toString(16).padStart(40, '0')) as InfoHash
}

function addressOf(text: string): Uint8Array {
  const address = parseAddress(text)
  if (!address) throw new Error(`${text} is not an address`)
  return address
}

function defaultAddress(peer: string): string {
  return `192.0.2.${peer.charCodeAt(0)}`
}

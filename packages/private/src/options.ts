import { durationSchema, type Duration, type JsonSchema, type OptionsSchema } from '@chihaya/core'
import type { Backend, DeltaSink } from '@chihaya/deltas'

export interface PrivateTrackerOptions {
  /**
   * The folder of the spool, and of the SQLite database if there is no other back-end. Without a
   * folder, nothing is remembered across a restart.
   */
  folder?: string
  /** The site's database. By default SQLite in `folder`. */
  backend?: Backend
  /** Further receivers of deltas. @default [] */
  sinks?: readonly DeltaSink[]
  /** Size of the spool in bytes above which deltas are merged in memory. @default 4294967296 */
  spoolLimit?: number
  /** How long deltas are gathered before they are written. @default '250ms' */
  flushInterval?: Duration
  /** How long a stop waits for sinks. @default '10s' */
  drainTimeout?: Duration
  /** Time between two announces above which it counts as neither seeding nor leeching. @default '1h' */
  gapLimit?: Duration
  /** Time within which smaller counters are a late announce, not a restarted client. @default '60s' */
  reorderWindow?: Duration
  /** Silence after which a session expires, as in the options of the store. @default '46m' */
  peerLifetime?: Duration
  /** How long the counters of an inactive session are kept. @default '168h' */
  sessionLifetime?: Duration
  /** Maximum number of sessions. @default 4000000 */
  maxSessions?: number
  /** Maximum number of clients of a user on one torrent. @default 3 */
  peersPerTorrent?: number
  /** Whether users without a free slot are refused, or served and hidden. @default 'refuse' */
  onSlotsFull?: 'refuse' | 'hide'
  /** Whether percents are multiplied, or the best of them counts. @default 'product' */
  combine?: 'product' | 'best'
  /** Bytes a second above which an announce is flagged. @default 1250000000 */
  maxSpeed?: number
  /** Whether bytes above `maxSpeed` are credited. @default 'flag' */
  onMaxSpeed?: 'flag' | 'withhold'
  /** Whether every completion is a snatch, or the first of a user and torrent. @default 'every' */
  snatches?: 'every' | 'unique'
  /** Count a snatch without the event `completed`. @default false */
  countSilentCompletion?: boolean
  /** Credit bytes reported with the event `started`. @default true */
  creditStarted?: boolean
  /** Use tokens on free torrents too. @default false */
  tokenOnFree?: boolean
  /** Whether a completed download ends its token. @default 'completion' */
  tokenEnds?: 'completion' | 'expiry'
  /** Who may scrape. @default 'members' */
  scrape?: 'members' | 'public'
  /** Whose addresses deltas contain: of nobody, of users who are not hidden, of all. @default 'protected' */
  ipHistory?: 'off' | 'protected' | 'on'
  /** Query parameters that may hold a passkey. @default ['passkey', 'torrent_pass', 'authkey'] */
  passkeyParameters?: readonly string[]
  /** Unknown passkeys in ten minutes after which an address is refused. @default 20 */
  badPasskeyLimit?: number
}

export const optionsSchema: OptionsSchema<PrivateTrackerOptions> = {
  type: 'object',
  additionalProperties: false,
  properties: {
    folder: {
      description:
        'The folder of the spool, and of the SQLite database if there is no other back-end. Without a folder, nothing is remembered across a restart.',
      type: 'string',
      minLength: 1,
    },
    backend: { description: "The site's database. By default SQLite in folder.", type: 'object' },
    sinks: {
      description: 'Further receivers of deltas.',
      type: 'array',
      items: { type: 'object' },
      default: [],
    },
    spoolLimit: count(
      'Size of the spool in bytes above which deltas are merged in memory.',
      2 ** 20,
      4 * 2 ** 30,
    ),
    flushInterval: durationSchema('How long deltas are gathered before they are written.', '250ms'),
    drainTimeout: durationSchema('How long a stop waits for sinks.', '10s'),
    gapLimit: durationSchema(
      'Time between two announces above which it counts as neither seeding nor leeching.',
      '1h',
    ),
    reorderWindow: durationSchema(
      'Time within which smaller counters are a late announce, not a restarted client.',
      '60s',
    ),
    peerLifetime: durationSchema(
      'Silence after which a session expires, as in the options of the store.',
      '46m',
    ),
    sessionLifetime: durationSchema(
      'How long the counters of an inactive session are kept.',
      '168h',
    ),
    maxSessions: count('Maximum number of sessions.', 1, 4_000_000),
    peersPerTorrent: count('Maximum number of clients of a user on one torrent.', 1, 3),
    onSlotsFull: choice(
      'Whether users without a free slot are refused, or served and hidden.',
      'refuse',
      'hide',
    ),
    combine: choice(
      'Whether percents are multiplied, or the best of them counts.',
      'product',
      'best',
    ),
    maxSpeed: count('Bytes a second above which an announce is flagged.', 1, 1_250_000_000),
    onMaxSpeed: choice('Whether bytes above maxSpeed are credited.', 'flag', 'withhold'),
    snatches: choice(
      'Whether every completion is a snatch, or the first of a user and torrent.',
      'every',
      'unique',
    ),
    countSilentCompletion: flag('Count a snatch without the event completed.', false),
    creditStarted: flag('Credit bytes reported with the event started.', true),
    tokenOnFree: flag('Use tokens on free torrents too.', false),
    tokenEnds: choice('Whether a completed download ends its token.', 'completion', 'expiry'),
    scrape: choice('Who may scrape.', 'members', 'public'),
    ipHistory: {
      description:
        'Whose addresses deltas contain: of nobody, of users who are not hidden, of all.',
      enum: ['off', 'protected', 'on'],
      default: 'protected',
    },
    passkeyParameters: {
      description: 'Query parameters that may hold a passkey.',
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: ['passkey', 'torrent_pass', 'authkey'],
    },
    badPasskeyLimit: count(
      'Unknown passkeys in ten minutes after which an address is refused.',
      1,
      20,
    ),
  },
}

function count(description: string, minimum: number, otherwise: number): JsonSchema {
  return { description, type: 'integer', minimum, default: otherwise }
}

function flag(description: string, otherwise: boolean): JsonSchema {
  return { description, type: 'boolean', default: otherwise }
}

function choice(description: string, otherwise: string, other: string): JsonSchema {
  return { description, enum: [otherwise, other], default: otherwise }
}

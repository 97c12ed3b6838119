import type { Duration } from '@chihaya/core'
import type { Backend, DeltaSink } from '@chihaya/deltas'
import type { AccountingRules } from './accounting/rules.ts'
import type { IpHistory } from './delta-of.ts'

/** What is decided about accounting; see `AccountingRules`, whose times are in seconds there. */
export interface PrivateTrackerOptions extends Partial<
  Omit<AccountingRules, 'gapLimit' | 'reorderWindow' | 'peerLifetime' | 'sessionLifetime'>
> {
  /**
   * The folder of the spool, and of the SQLite database where there is no other back-end. Without
   * one nothing outlives the process.
   */
  readonly folder?: string
  /** The site's database. @default SQLite in `folder` */
  readonly backend?: Backend
  /** Where records go besides the database. */
  readonly sinks?: readonly DeltaSink[]
  /** Bytes of the spool from which on records are merged. @default 4 GiB */
  readonly spoolLimit?: number
  /** How long records are gathered before they are written together. @default '250ms' */
  readonly flushInterval?: Duration
  /** How long a stop waits for sinks. @default '10s' */
  readonly drainTimeout?: Duration
  /** A longer silence is no time seeded or leeched. @default '1h' */
  readonly gapLimit?: Duration
  /** @default '60s' */
  readonly reorderWindow?: Duration
  /** As in the options of the store. @default '31m' */
  readonly peerLifetime?: Duration
  /** @default '168h' */
  readonly sessionLifetime?: Duration
  /** Whose scrapes are answered. @default 'members' */
  readonly scrape?: 'members' | 'public'
  /** Whose addresses are in records: nobody's, those of users that are not hidden, or all. @default 'protected' */
  readonly ipHistory?: IpHistory
  /** Query parameters that may hold a passkey. @default ['passkey', 'torrent_pass', 'authkey'] */
  readonly passkeyParameters?: readonly string[]
  /** Unknown passkeys within ten minutes, after which an address is refused for as long. @default 20 */
  readonly badPasskeyLimit?: number
}

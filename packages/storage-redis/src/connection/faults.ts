import { ClientError } from '@chihaya/bittorrent'

/** What clients are told while Redis is away. */
export const UNAVAILABLE: ClientError = new ClientError('tracker is temporarily unavailable', {
  retryIn: 5,
})

/**
 * How Redis can fail: no connection, no answer in time, too many commands that wait, writes refused
 * (by a replica, after a failed save, with too few replicas, …), memory that is full, a password or
 * right that is wrong, a server that is not ready (loading, no cluster, …), or anything else.
 */
export const FAULT_KINDS = [
  'connection',
  'timeout',
  'queue',
  'readonly',
  'memory',
  'auth',
  'busy',
  'other',
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

/** The faults that concern writes alone, whichever command has met them. */
export const REFUSED_WRITES: readonly FaultKind[] = ['readonly', 'memory']

/** Why a command has failed. `reason` holds no secret and nothing of a client's. */
export interface Fault {
  readonly kind: FaultKind
  readonly reason: string
}

/** What commands are rejected with is a `Fault`; anything else is an error of ours. */
export function isFault(error: unknown): error is Fault {
  return typeof error === 'object' && error !== null && 'kind' in error && 'reason' in error
}

export const TIMED_OUT: Fault = { kind: 'timeout', reason: 'it did not answer in time' }
export const QUEUE_FULL: Fault = { kind: 'queue', reason: 'too many commands wait for it' }

// In a script's error, the word of the command that failed comes after others.
const KINDS: ReadonlyArray<[kind: FaultKind, pattern: RegExp]> = [
  // The last two are of a cluster that is down and may be read (cluster-allow-reads-when-down).
  [
    'readonly',
    /\b(READONLY|MISCONF|NOREPLICAS)\b|only accepts read commands|write command while the cluster is down/,
  ],
  ['memory', /\bOOM\b/],
  [
    'auth',
    /\b(NOAUTH|WRONGPASS|NOPERM)\b|user executing the script can't|ACL failure in script|invalid password|without any password/,
  ],
  ['busy', /\b(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|CROSSSLOT)\b|Cluster redirections/],
  [
    'connection',
    /Connection is closed|isn't writeable|isn't ready|startup nodes|max retries|slots cache|sentinel|aborted|Socket timeout|ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|EHOST|ENET/i,
  ],
]

/**
 * The fault behind an error of the client. The error itself must go nowhere: its `command` holds
 * arguments, passwords too.
 */
export function faultOf(error: unknown, hide: (text: string) => string): Fault {
  const reason = hide(messageOf(error as ErrorLike))
  const kind = KINDS.find(([, pattern]) => pattern.test(reason))?.[0] ?? 'other'
  return { kind, reason }
}

interface ErrorLike {
  readonly message?: string
  readonly code?: string
  /** Those of a host with several addresses, which has no message itself. */
  readonly errors?: readonly ErrorLike[]
  /** Why the last of a cluster's nodes was of no use. */
  readonly lastNodeError?: ErrorLike | null
}

/** An error in a line. */
function messageOf(error: ErrorLike): string {
  const { message, code, errors, lastNodeError } = error
  const inner = errors?.[0] ?? lastNodeError
  const own = message || (inner ? '' : (code ?? 'unknown error'))
  return [own, ...(inner ? [messageOf(inner)] : [])].filter((part) => part !== '').join(' ')
}

/** Replaces secrets in texts. */
export function hider(secrets: ReadonlyArray<string | null | undefined>): (text: string) => string {
  const words = secrets.filter(
    (secret) => secret !== null && secret !== undefined && secret !== '',
  ) as string[]
  return (text) => words.reduce((hidden, word) => hidden.replaceAll(word, '***'), text)
}

import { ClientError } from '@chihaya/bittorrent'

/** Sent to clients while Redis is unavailable. */
export const UNAVAILABLE: ClientError = new ClientError('tracker is temporarily unavailable', {
  retryIn: 5,
})

/**
 * The ways in which Redis can fail: no connection, no answer in time, too many pending commands,
 * writes refused (by a replica, after a failed save, with too few replicas), memory exhausted,
 * login or command denied, server not ready (loading, cluster down), anything else.
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

/** The faults that concern only writes, whichever command met them. */
export const REFUSED_WRITES: readonly FaultKind[] = ['readonly', 'memory']

/** Why a command failed. `reason` contains no secrets and nothing that a client sent. */
export interface Fault {
  readonly kind: FaultKind
  readonly reason: string
}

/** Commands are rejected with a `Fault`. Any other error is a bug. */
export function isFault(error: unknown): error is Fault {
  return typeof error === 'object' && error !== null && 'kind' in error && 'reason' in error
}

export const TIMED_OUT: Fault = { kind: 'timeout', reason: 'it did not answer in time' }
export const QUEUE_FULL: Fault = { kind: 'queue', reason: 'too many commands wait for it' }

// A script's error has other words before that of the command that failed.
const PATTERNS: ReadonlyArray<[kind: FaultKind, pattern: RegExp]> = [
  // The last two: a cluster that is down and still readable (cluster-allow-reads-when-down).
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
 * The fault behind an error of the client. The error itself must not be passed on: its `command`
 * contains arguments, passwords included.
 */
export function faultOf(error: unknown, hide: (text: string) => string): Fault {
  const reason = hide(messageOf(error as ErrorLike))
  const kind = PATTERNS.find(([, pattern]) => pattern.test(reason))?.[0] ?? 'other'
  return { kind, reason }
}

interface ErrorLike {
  readonly message?: string
  readonly code?: string
  /** Errors of each address of a host; the error around them has no message. */
  readonly errors?: readonly ErrorLike[]
  /** Why the last node of a cluster could not be used. */
  readonly lastNodeError?: ErrorLike | null
}

/** An error in one line. */
function messageOf(error: ErrorLike): string {
  const { message, code, errors, lastNodeError } = error
  const inner = errors?.[0] ?? lastNodeError
  const own = message || (inner ? '' : (code ?? 'unknown error'))
  return [own, ...(inner ? [messageOf(inner)] : [])].filter((part) => part !== '').join(' ')
}

/** A function that replaces secrets in texts. */
export function hider(secrets: ReadonlyArray<string | null | undefined>): (text: string) => string {
  const words = secrets.filter(
    (secret) => secret !== null && secret !== undefined && secret !== '',
  ) as string[]
  return (text) => words.reduce((hidden, word) => hidden.replaceAll(word, '***'), text)
}

// Strangers may read these, so they name neither the server nor its own words.
const READINESS: Readonly<Record<FaultKind, string>> = {
  connection: 'Redis cannot be reached',
  timeout: 'Redis does not answer in time',
  queue: 'too many commands wait for Redis',
  readonly: 'Redis takes no writes',
  memory: 'Redis is out of memory',
  auth: 'Redis refuses the login or a command',
  busy: 'Redis is not ready, or its cluster is down',
  other: 'Redis answers with errors',
}

/** A fault in fixed words, for readiness. */
export function describeFault(kind: FaultKind): string {
  return READINESS[kind]
}

import type { FaultKind } from './faults.ts'

// Strangers may read these, so they do not say which Redis it is, nor what it says.
const TEXTS: Readonly<Record<FaultKind, string>> = {
  connection: 'Redis cannot be reached',
  timeout: 'Redis does not answer in time',
  queue: 'too many commands wait for Redis',
  readonly: 'Redis takes no writes',
  memory: 'Redis is out of memory',
  auth: 'Redis refuses the login or a command',
  busy: 'Redis is busy with itself',
  other: 'Redis answers with errors',
}

/** A fault in fixed words. */
export function describeFault(kind: FaultKind): string {
  return TEXTS[kind]
}

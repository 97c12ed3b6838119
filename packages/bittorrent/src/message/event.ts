/**
 * The event of an announce (BEP 3). `none` is a regular announce, `paused` that of a partial seed
 * (BEP 21).
 */
export type AnnounceEvent = 'none' | 'started' | 'stopped' | 'completed' | 'paused'

const BY_NAME: ReadonlyMap<string, AnnounceEvent> = new Map([
  ['', 'none'],
  ['none', 'none'],
  ['empty', 'none'],
  ['update', 'none'],
  ['started', 'started'],
  ['stopped', 'stopped'],
  ['completed', 'completed'],
  ['paused', 'paused'],
])

// Numbered as in BEP 15; 4 is an extension of libtorrent.
const BY_NUMBER: readonly AnnounceEvent[] = ['none', 'completed', 'started', 'stopped', 'paused']

/** The event of an HTTP announce by its name, in any case. Undefined for an unknown name. */
export function eventFromName(name: string): AnnounceEvent | undefined {
  return BY_NAME.get(name) ?? BY_NAME.get(name.toLowerCase())
}

/** The event of a UDP announce by its number (BEP 15). Undefined for an unknown number. */
export function eventFromNumber(number: number): AnnounceEvent | undefined {
  return BY_NUMBER[number]
}

/** The number of an event in a UDP announce (BEP 15). */
export function eventToNumber(event: AnnounceEvent): number {
  return BY_NUMBER.indexOf(event)
}

/**
 * What a client says of its download (BEP 3; `paused` is a partial seed, BEP 21). `none` is the
 * regular announce.
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

// BEP 15's numbering; 4 is libtorrent's.
const BY_NUMBER: readonly AnnounceEvent[] = ['none', 'completed', 'started', 'stopped', 'paused']

/** The event of an HTTP announce, in any case, or undefined when there is no such event. */
export function eventFromName(name: string): AnnounceEvent | undefined {
  return BY_NAME.get(name) ?? BY_NAME.get(name.toLowerCase())
}

/** The event of a UDP announce (BEP 15), or undefined when there is no such event. */
export function eventFromNumber(number: number): AnnounceEvent | undefined {
  return BY_NUMBER[number]
}

/** The number that stands for an event in a UDP announce (BEP 15). */
export function eventToNumber(event: AnnounceEvent): number {
  return BY_NUMBER.indexOf(event)
}

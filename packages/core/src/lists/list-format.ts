/** What a list is to those who only read it. */
export interface AnyList {
  /** The number of its entries. */
  readonly size: number
}

/** How the entries of a list become something to look up in. */
export interface ListFormat<List extends AnyList> {
  /** An empty list; `bytes` is the length of the file it is read from, 0 where there is none. */
  create(bytes: number): List
  /**
   * Adds the entry in the bytes from `start` up to `end`. The rest of its line, up to `lineEnd`,
   * looks like a comment; in some formats it is part of the entry.
   * @throws {RangeError} whose message says what is wrong with it.
   */
  add(list: List, bytes: Uint8Array, start: number, end: number, lineEnd?: number): void
  /** Prepares the list for look-ups, once all entries are in it. */
  finish?(list: List): Promise<void>
}

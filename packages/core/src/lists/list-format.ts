/** Any list. */
export interface AnyList {
  /** The number of entries. */
  readonly size: number
}

/** How entries become a list for look-ups. */
export interface ListFormat<List extends AnyList> {
  /** Creates an empty list. `bytes` is the length of its file; 0 without one. */
  create(bytes: number): List
  /**
   * Adds the entry in the bytes from `start` up to `end`. The rest of the line, up to `lineEnd`,
   * looks like a comment, but is part of the entry in some formats.
   * @throws {RangeError} describing what is wrong.
   */
  add(list: List, bytes: Uint8Array, start: number, end: number, lineEnd?: number): void
  /** Prepares the list for look-ups, after the last entry. */
  finish?(list: List): Promise<void>
}

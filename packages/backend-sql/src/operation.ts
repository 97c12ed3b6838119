/** What a column can hold, and what drivers give and take. */
export type SqlValue = number | bigint | string | Uint8Array | null

/** How a row that exists changes in a column: to the new value, by it, or to the larger of both. */
export type Change = 'set' | 'add' | 'max'

/** Changes rows by their keys, and makes those that are missing. */
interface Upsert {
  readonly kind: 'upsert'
  readonly table: string
  readonly key: readonly string[]
  /** Columns of `rows`, those of the key included. */
  readonly columns: readonly string[]
  /** What happens to a row that exists; columns that are not here stay as they are. */
  readonly changes: Readonly<Record<string, Change>>
  readonly rows: ReadonlyArray<readonly SqlValue[]>
}

/** Changes rows by their keys. Those that are missing stay so. */
interface Update {
  readonly kind: 'update'
  readonly table: string
  readonly key: readonly string[]
  readonly columns: readonly string[]
  readonly changes: Readonly<Record<string, Change>>
  readonly rows: ReadonlyArray<readonly SqlValue[]>
}

/** Makes rows, leaving out those that exist. */
interface Insert {
  readonly kind: 'insert'
  readonly table: string
  readonly columns: readonly string[]
  readonly rows: ReadonlyArray<readonly SqlValue[]>
}

/** Deletes rows by their keys. */
interface Delete {
  readonly kind: 'delete'
  readonly table: string
  readonly key: readonly string[]
  readonly rows: ReadonlyArray<readonly SqlValue[]>
}

export type Operation = Upsert | Update | Insert | Delete

/** The place up to which a database has the records of a source. */
export interface Cursor {
  readonly table: string
  readonly source: Uint8Array
  readonly seq: number
}

/** A query for rows, as arrays in the order of its columns. */
export interface Query {
  readonly sql: string
  readonly parameters?: readonly SqlValue[]
}

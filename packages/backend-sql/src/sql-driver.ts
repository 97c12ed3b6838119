import type { Cursor, Operation, Query, SqlValue } from './operation.ts'

export type Dialect = 'sqlite' | 'mysql' | 'postgres'

/**
 * A connection to a database. One batch is applied at a time. Whatever fails throws a `SinkError`
 * that tells what passes by itself from what a person has to mend, and from what is a value's fault.
 */
export interface SqlDriver {
  readonly dialect: Dialect
  connect(): Promise<void>
  /** Runs statements that define tables, each in a transaction of its own. */
  define(statements: readonly string[]): Promise<void>
  /** All rows at once, for few. */
  query(query: Query): Promise<SqlValue[][]>
  /** Rows in lists of up to ten thousand, one list after the other. */
  stream(query: Query, take: (rows: SqlValue[][]) => void): Promise<void>
  /**
   * Applies operations in one transaction that also moves the cursor. Returns false, and changes
   * nothing, when the cursor has been moved that far before: the batch is in already.
   */
  apply(cursor: Cursor | undefined, operations: readonly Operation[]): Promise<boolean>
  close(): Promise<void>
}

import type { Change, Operation, SqlValue } from '../operation.ts'

/** A statement, and the values that it is run with, one run for each row. */
export interface PreparedRuns {
  readonly sql: string
  readonly rows: ReadonlyArray<readonly SqlValue[]>
}

/** An operation in the words of SQLite. */
export function sqliteStatement(operation: Operation): PreparedRuns {
  const { table, rows } = operation
  switch (operation.kind) {
    case 'upsert': {
      const { key, columns, changes } = operation
      const set = columns.flatMap((column) => {
        const change = changes[column]
        return change ? `${column} = ${changed(column, `excluded.${column}`, change)}` : []
      })
      const action = set.length === 0 ? 'NOTHING' : `UPDATE SET ${set.join(', ')}`
      const sql = `${insertInto(table, columns)} ON CONFLICT (${key.join(', ')}) DO ${action}`
      return { sql, rows }
    }
    case 'update': {
      const { key, columns, changes } = operation
      const set = columns.flatMap((column, index) => {
        const change = changes[column]
        return change ? `${column} = ${changed(column, `?${index + 1}`, change)}` : []
      })
      const where = key.map((column) => `${column} = ?${columns.indexOf(column) + 1}`)
      return { sql: `UPDATE ${table} SET ${set.join(', ')} WHERE ${where.join(' AND ')}`, rows }
    }
    case 'insert': {
      return { sql: `${insertInto(table, operation.columns)} ON CONFLICT DO NOTHING`, rows }
    }
    case 'delete': {
      const where = operation.key.map((column, index) => `${column} = ?${index + 1}`)
      return { sql: `DELETE FROM ${table} WHERE ${where.join(' AND ')}`, rows }
    }
  }
}

function insertInto(table: string, columns: readonly string[]): string {
  const places = columns.map((_, index) => `?${index + 1}`)
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places.join(', ')})`
}

function changed(column: string, value: string, change: Change): string {
  if (change === 'set') return value
  return change === 'add' ? `${column} + ${value}` : `max(${column}, ${value})`
}

import type { Change, Operation, SqlValue } from '../operation.ts'

/** Types of a table's columns, by name: `int8`, `bytea`. */
export type ColumnTypes = ReadonlyMap<string, string>

/** A statement for all rows of an operation, and one array of values for each column. */
export interface ArrayStatement {
  readonly sql: string
  readonly arrays: ReadonlyArray<readonly SqlValue[]>
}

/** An operation in the words of PostgreSQL. Undefined for an operation without rows. */
export function postgresStatement(
  operation: Operation,
  types: ColumnTypes,
): ArrayStatement | undefined {
  const { table, rows } = operation
  if (rows.length === 0) return undefined
  const columns = operation.kind === 'delete' ? operation.key : operation.columns
  const arrays = columns.map((_, index) => rows.map((row) => row[index] ?? null))
  const lists = columns.map((column, index) => `$${index + 1}::${types.get(column) ?? 'text'}[]`)
  const source = `unnest(${lists.join(', ')})`
  const names = columns.join(', ')
  switch (operation.kind) {
    case 'upsert': {
      const set = setList(columns, operation.changes, (column) => `EXCLUDED.${column}`)
      const action = set.length === 0 ? 'NOTHING' : `UPDATE SET ${set.join(', ')}`
      const conflict = `ON CONFLICT (${operation.key.join(', ')}) DO ${action}`
      return {
        sql: `INSERT INTO ${table} AS t (${names}) SELECT * FROM ${source} ${conflict}`,
        arrays,
      }
    }
    case 'update': {
      const set = setList(columns, operation.changes, (column) => `v.${column}`)
      const where = operation.key.map((column) => `t.${column} = v.${column}`).join(' AND ')
      return {
        sql: `UPDATE ${table} t SET ${set.join(', ')} FROM ${source} AS v (${names}) WHERE ${where}`,
        arrays,
      }
    }
    case 'insert': {
      const sql = `INSERT INTO ${table} (${names}) SELECT * FROM ${source} ON CONFLICT DO NOTHING`
      return { sql, arrays }
    }
    case 'delete': {
      const where = operation.key.map((column) => `t.${column} = v.${column}`).join(' AND ')
      return {
        sql: `DELETE FROM ${table} t USING ${source} AS v (${names}) WHERE ${where}`,
        arrays,
      }
    }
  }
}

function setList(
  columns: readonly string[],
  changes: Readonly<Record<string, Change>>,
  valueOf: (column: string) => string,
): string[] {
  return columns.flatMap((column) => {
    const change = changes[column]
    const value = valueOf(column)
    if (change === undefined) return []
    if (change === 'set') return `${column} = ${value}`
    const both = change === 'add' ? `t.${column} + ${value}` : `GREATEST(t.${column}, ${value})`
    return `${column} = ${both}`
  })
}

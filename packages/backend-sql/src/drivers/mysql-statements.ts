import type { Change, Operation, SqlValue } from '../operation.ts'

/** One statement for all rows of an operation, and the values of its places in order. */
export interface PlacedStatement {
  readonly sql: string
  readonly values: readonly SqlValue[]
}

/**
 * An operation in the words of MariaDB or MySQL, which write a list of rows in different ways.
 * Undefined for an operation without rows.
 */
export function mysqlStatement(
  operation: Operation,
  mariaDb: boolean,
): PlacedStatement | undefined {
  const { table, rows } = operation
  if (rows.length === 0) return undefined
  const values = rows.flat()
  switch (operation.kind) {
    case 'upsert': {
      const { columns, changes } = operation
      const set = setList(columns, changes, (column) => `VALUES(${column})`)
      const [key = ''] = operation.key
      const action = set.length > 0 ? set.join(', ') : `${key} = ${key}`
      return {
        sql: `${insertInto(table, columns, rows)} ON DUPLICATE KEY UPDATE ${action}`,
        values,
      }
    }
    case 'update': {
      // A list of rows that is joined, never an insert, which could create what has been deleted.
      const { columns, changes } = operation
      const row = `${mariaDb ? '' : 'ROW'}(${columns.map(() => '?').join(', ')})`
      const list = rows.map(() => row).join(', ')
      const source = `(WITH v (${columns.join(', ')}) AS (VALUES ${list}) SELECT * FROM v)`
      const on = operation.key.map((column) => `t.${column} = v.${column}`).join(' AND ')
      const set = setList(columns, changes, (column) => `v.${column}`, 't.')
      return { sql: `UPDATE ${table} t JOIN ${source} v ON ${on} SET ${set.join(', ')}`, values }
    }
    case 'insert': {
      const sql = insertInto(table, operation.columns, rows).replace('INSERT', 'INSERT IGNORE')
      return { sql, values }
    }
    case 'delete': {
      const place = `(${operation.key.map(() => '?').join(', ')})`
      const list = rows.map(() => place).join(', ')
      return {
        sql: `DELETE FROM ${table} WHERE (${operation.key.join(', ')}) IN (${list})`,
        values,
      }
    }
  }
}

function insertInto(
  table: string,
  columns: readonly string[],
  rows: ReadonlyArray<readonly SqlValue[]>,
): string {
  const row = `(${columns.map(() => '?').join(', ')})`
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${rows.map(() => row).join(', ')}`
}

function setList(
  columns: readonly string[],
  changes: Readonly<Record<string, Change>>,
  valueOf: (column: string) => string,
  prefix = '',
): string[] {
  return columns.flatMap((column) => {
    const change = changes[column]
    if (change === undefined) return []
    const [own, value] = [`${prefix}${column}`, valueOf(column)]
    if (change === 'set') return `${own} = ${value}`
    return change === 'add' ? `${own} = ${own} + ${value}` : `${own} = GREATEST(${own}, ${value})`
  })
}

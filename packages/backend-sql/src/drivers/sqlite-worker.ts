import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { Cursor, Operation, Query, SqlValue } from '../operation.ts'
import { sqliteStatement } from './sqlite-statements.ts'

// SQLite works for as long as a statement takes, and a batch may take a tenth of a second: it has a
// thread of its own, so that announces never wait for it.

const ROWS_OF_A_LIST = 10_000
/** SQLite's code for a value that does not fit. */
const TOO_BIG = 18

export interface SqliteWorkerData {
  readonly file: string
  readonly synchronous: 'FULL' | 'NORMAL'
}

/** What the worker is asked. */
export type SqliteRequest =
  | { readonly define: readonly string[] }
  | { readonly query: Query }
  | { readonly stream: Query }
  | { readonly apply: readonly Operation[]; readonly cursor: Cursor | undefined }
  | { readonly close: true }

/** What it answers: lists of rows, the last of them with `done`. */
export interface SqliteAnswer {
  readonly rows?: SqlValue[][]
  readonly applied?: boolean
  readonly done?: boolean
  readonly error?: { readonly message: string; readonly code: number }
}

const port = parentPort
if (!port) throw new Error('the SQLite worker runs in a worker thread')
const { file, synchronous } = workerData as SqliteWorkerData
const statements = new Map<string, StatementSync>()
let database: DatabaseSync | undefined

port.on('message', (request: SqliteRequest) => {
  try {
    answer(request)
  } catch (error) {
    const { message, code, errcode } = error as Error & { code?: string; errcode?: number }
    // What Node refuses to bind never gets to SQLite, which would call it too big.
    const unbindable = code === 'ERR_INVALID_ARG_VALUE' || code === 'ERR_OUT_OF_RANGE'
    reply({ done: true, error: { message, code: errcode ?? (unbindable ? TOO_BIG : 0) } })
  }
})

function answer(request: SqliteRequest): void {
  if ('close' in request) {
    database?.close()
    reply({ done: true })
    port?.close()
  } else if ('define' in request) {
    for (const sql of request.define) opened().exec(sql)
    reply({ done: true })
  } else if ('query' in request) {
    reply({ rows: [...rowsOf(request.query)], done: true })
  } else if ('stream' in request) stream(request.stream)
  else reply({ applied: apply(request.cursor, request.apply), done: true })
}

function reply(message: SqliteAnswer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  port?.postMessage(message)
}

function opened(): DatabaseSync {
  if (database) return database
  database = new DatabaseSync(file, { timeout: 5000 })
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
  return database
}

function prepared(sql: string): StatementSync {
  const known = statements.get(sql)
  if (known) return known
  const statement = opened().prepare(sql)
  statement.setReadBigInts(true)
  statements.set(sql, statement)
  return statement
}

function* rowsOf({ sql, parameters = [] }: Query): Generator<SqlValue[]> {
  for (const row of prepared(sql).iterate(...parameters)) {
    yield Object.values(row as Record<string, SqlValue>).map(small)
  }
}

/** Integers are read as bigints, as they might be large; most are not. */
function small(value: SqlValue): SqlValue {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Numbers are bound as floating point, which sums of integers beyond 2⁵³ do not survive. */
function exact(value: SqlValue): SqlValue {
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value
}

function stream(query: Query): void {
  let rows: SqlValue[][] = []
  for (const row of rowsOf(query)) {
    rows.push(row)
    if (rows.length < ROWS_OF_A_LIST) continue
    reply({ rows })
    rows = []
  }
  reply({ rows, done: true })
}

function apply(cursor: Cursor | undefined, operations: readonly Operation[]): boolean {
  const db = opened()
  db.exec('BEGIN IMMEDIATE')
  try {
    if (cursor && !advance(cursor)) {
      db.exec('ROLLBACK')
      return false
    }
    for (const operation of operations) {
      const { sql, rows } = sqliteStatement(operation)
      if (rows.length === 0) continue
      const statement = prepared(sql)
      for (const row of rows) statement.run(...row.map(exact))
    }
    db.exec('COMMIT')
    return true
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function advance({ table, source, seq }: Cursor): boolean {
  const insert = `INSERT INTO ${table} (source, seq) VALUES (?1, 0) ON CONFLICT DO NOTHING`
  prepared(insert).run(source)
  const update = `UPDATE ${table} SET seq = ?2 WHERE source = ?1 AND seq < ?2`
  return Number(prepared(update).run(source, seq).changes) === 1
}

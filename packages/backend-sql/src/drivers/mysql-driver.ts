import { SinkError, type SinkFailure } from '@chihaya/deltas'
import type { Connection as CallbackConnection } from 'mysql2'
import type { Connection, ConnectionOptions } from 'mysql2/promise'
import type { Cursor, Operation, Query, SqlValue } from '../operation.ts'
import type { SqlDriver } from '../sql-driver.ts'
import { mysqlStatement } from './mysql-statements.ts'

const ROWS_OF_A_LIST = 10_000
const CONNECT_TIMEOUT = 5000
const STATEMENT_TIMEOUT = 30_000

// Error codes of MariaDB and MySQL.
const PASSING: ReadonlySet<string> = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CON_COUNT_ERROR',
  'ER_SERVER_SHUTDOWN',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_RECORD_FILE_FULL',
  'ER_DISK_FULL',
  'ER_QUERY_INTERRUPTED',
  'ER_STATEMENT_TIMEOUT',
])
const VALUES: ReadonlySet<string> = new Set([
  'ER_DATA_TOO_LONG',
  'ER_WARN_DATA_OUT_OF_RANGE',
  'ER_DATA_OUT_OF_RANGE',
  'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
  'ER_TRUNCATED_WRONG_VALUE',
  'ER_BAD_NULL_ERROR',
  'ER_NO_REFERENCED_ROW_2',
  'ER_CONSTRAINT_FAILED',
])

/** MariaDB 10.5 and MySQL 8.0.19 or later, by `mysql2`, over one connection. */
export class MysqlDriver implements SqlDriver {
  readonly dialect = 'mysql'
  readonly #options: ConnectionOptions
  #connection: Connection | undefined
  #mariaDb = false

  /** The options of `mysql2`, such as `uri`, `host`, `user`, `password`, `database`, `ssl`. */
  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  async connect(): Promise<void> {
    await this.#connected()
  }

  async define(statements: readonly string[]): Promise<void> {
    for (const sql of statements) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#run((connection) => connection.query(sql))
    }
  }

  async query({ sql, parameters = [] }: Query): Promise<SqlValue[][]> {
    const [rows] = await this.#run((connection) =>
      connection.query({ sql, values: [...parameters], rowsAsArray: true }),
    )
    return (rows as SqlValue[][]).map((row) => row.map(small))
  }

  async stream({ sql, parameters = [] }: Query, take: (rows: SqlValue[][]) => void): Promise<void> {
    await this.#run(async (promising) => {
      // Streams are those of the connection behind the promises.
      const { connection } = promising as unknown as { readonly connection: CallbackConnection }
      const stream = connection
        .query({ sql, values: [...parameters], rowsAsArray: true })
        .stream({ highWaterMark: 1000 })
      let rows: SqlValue[][] = []
      for await (const row of stream as AsyncIterable<SqlValue[]>) {
        rows.push(row.map(small))
        if (rows.length < ROWS_OF_A_LIST) continue
        take(rows)
        rows = []
      }
      take(rows)
    })
  }

  apply(cursor: Cursor | undefined, operations: readonly Operation[]): Promise<boolean> {
    return this.#run(async (connection) => {
      await connection.query('START TRANSACTION')
      try {
        if (cursor && !(await advance(connection, cursor))) {
          await connection.query('ROLLBACK')
          return false
        }
        for (const operation of operations) {
          const statement = mysqlStatement(operation, this.#mariaDb)
          if (!statement) continue
          // oxlint-disable-next-line no-await-in-loop
          await connection.query({ sql: statement.sql, values: statement.values.map(bound) })
        }
        await connection.query('COMMIT')
        return true
      } catch (error) {
        await connection.query('ROLLBACK').catch(() => undefined)
        throw error
      }
    })
  }

  async close(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    await connection?.end().catch(() => connection.destroy())
  }

  async #connected(): Promise<Connection> {
    if (this.#connection) return this.#connection
    try {
      // Only where it is used: the package is optional.
      const { createConnection } = await import('mysql2/promise')
      const connection = await createConnection({
        connectTimeout: CONNECT_TIMEOUT,
        ...this.#options,
        supportBigNumbers: true,
        timezone: 'Z',
      })
      // Somebody has to listen, or a connection that is lost ends the process.
      connection.on('error', () => this.#lose(connection))
      await connection
        .query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, time_zone = '+00:00'")
        .catch(() => connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED'))
      const [[row]] = (await connection.query({ sql: 'SELECT VERSION()', rowsAsArray: true })) as [
        string[][],
        unknown,
      ]
      this.#mariaDb = row?.[0]?.includes('MariaDB') === true
      this.#connection = connection
      return connection
    } catch (error) {
      throw failed(error)
    }
  }

  async #run<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    const connection = await this.#connected()
    const timer = setTimeout(() => connection.destroy(), STATEMENT_TIMEOUT)
    try {
      return await work(connection)
    } catch (error) {
      const failure = failed(error)
      // The connection may be in the middle of anything.
      if (failure.failure === 'retry') this.#lose(connection)
      throw failure
    } finally {
      clearTimeout(timer)
    }
  }

  #lose(connection: Connection): void {
    connection.destroy()
    if (this.#connection === connection) this.#connection = undefined
  }
}

async function advance(connection: Connection, { table, source, seq }: Cursor): Promise<boolean> {
  const insert = `INSERT IGNORE INTO ${table} (source, seq) VALUES (?, 0)`
  await connection.query(insert, [Buffer.from(source)])
  const update = `UPDATE ${table} SET seq = ? WHERE source = ? AND seq < ?`
  const [result] = await connection.query(update, [seq, Buffer.from(source), seq])
  return (result as { affectedRows: number }).affectedRows === 1
}

/** `mysql2` writes buffers in hex, and would write other arrays of bytes as objects. */
function bound(value: SqlValue): SqlValue {
  return value instanceof Uint8Array ? Buffer.from(value) : value
}

/** Integers beyond 2⁵³ come as text. */
function small(value: SqlValue): SqlValue {
  return typeof value === 'string' && /^-?\d{16,}$/.test(value) ? BigInt(value) : value
}

function failed(error: unknown): SinkError {
  if (error instanceof SinkError) return error
  const { code = '', message } = error as Error & { code?: string }
  return new SinkError(failureOf(code), `MySQL: ${message}`, { cause: error })
}

function failureOf(code: string): SinkFailure {
  if (VALUES.has(code)) return 'rejected'
  // Codes of the server begin with ER_; the others are those of a connection.
  return PASSING.has(code) || !code.startsWith('ER_') ? 'retry' : 'blocked'
}

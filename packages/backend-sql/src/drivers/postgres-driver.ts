import { SinkError, type SinkFailure } from '@chihaya/deltas'
import type { Client, ClientConfig } from 'pg'
import type { Cursor, Operation, Query, SqlValue } from '../operation.ts'
import type { SqlDriver } from '../sql-driver.ts'
import { postgresStatement, type ColumnTypes } from './postgres-statements.ts'

const ROWS_OF_A_LIST = 10_000
const CONNECT_TIMEOUT = 5000
const STATEMENT_TIMEOUT = 30_000

// Classes of SQLSTATE: connection, rollback, insufficient resources, operator intervention, system.
const PASSING: ReadonlySet<string> = new Set(['08', '40', '53', '57', '58'])
// Data and integrity.
const VALUES: ReadonlySet<string> = new Set(['22', '23'])
const LOCK_NOT_AVAILABLE = '55P03'

/** PostgreSQL 13 or later, by `pg`, over one connection. */
export class PostgresDriver implements SqlDriver {
  readonly dialect = 'postgres'
  readonly #config: ClientConfig
  #client: Client | undefined
  readonly #types = new Map<string, ColumnTypes>()

  /** The configuration of `pg`, such as `connectionString`, `host`, `user`, `password`, `ssl`. */
  constructor(config: ClientConfig) {
    this.#config = config
  }

  async connect(): Promise<void> {
    await this.#connected()
  }

  async define(statements: readonly string[]): Promise<void> {
    await this.#run(async (client) => {
      for (const sql of statements) {
        // oxlint-disable-next-line no-await-in-loop
        await client.query(sql)
      }
    })
    this.#types.clear()
  }

  async query({ sql, parameters = [] }: Query): Promise<SqlValue[][]> {
    const { rows } = await this.#run((client) =>
      client.query<SqlValue[]>({ text: sql, values: [...parameters], rowMode: 'array' }),
    )
    return rows
  }

  async stream({ sql, parameters = [] }: Query, take: (rows: SqlValue[][]) => void): Promise<void> {
    await this.#run(async (client) => {
      await client.query('BEGIN READ ONLY')
      try {
        await client.query({
          text: `DECLARE list NO SCROLL CURSOR FOR ${sql}`,
          values: [...parameters],
        })
        for (let count = ROWS_OF_A_LIST; count === ROWS_OF_A_LIST;) {
          // oxlint-disable-next-line no-await-in-loop
          const { rows } = await client.query<SqlValue[]>({
            text: `FETCH ${ROWS_OF_A_LIST} FROM list`,
            rowMode: 'array',
          })
          take(rows)
          count = rows.length
        }
      } finally {
        await client.query('ROLLBACK')
      }
    })
  }

  apply(cursor: Cursor | undefined, operations: readonly Operation[]): Promise<boolean> {
    return this.#run(async (client) => {
      await client.query('BEGIN')
      try {
        if (cursor && !(await advance(client, cursor))) {
          await client.query('ROLLBACK')
          return false
        }
        for (const operation of operations) {
          // oxlint-disable-next-line no-await-in-loop
          const types = await this.#typesOf(client, operation.table)
          const statement = postgresStatement(operation, types)
          if (!statement) continue
          // oxlint-disable-next-line no-await-in-loop
          await client.query(
            statement.sql,
            statement.arrays.map((array) => array.map(bound)),
          )
        }
        await client.query('COMMIT')
        return true
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined)
        throw error
      }
    })
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => undefined)
  }

  async #connected(): Promise<Client> {
    if (this.#client) return this.#client
    try {
      // Only where it is used: the package is optional.
      const { default: pg } = await import('pg')
      const client = new pg.Client({
        connectionTimeoutMillis: CONNECT_TIMEOUT,
        query_timeout: STATEMENT_TIMEOUT,
        ...this.#config,
      })
      // Somebody has to listen, or a connection that is lost ends the process.
      client.on('error', () => this.#lose(client))
      client.setTypeParser(pg.types.builtins.INT8, integer)
      await client.connect()
      await client.query("SET TIME ZONE 'UTC'")
      this.#client = client
      return client
    } catch (error) {
      throw failed(error)
    }
  }

  async #run<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const client = await this.#connected()
    try {
      return await work(client)
    } catch (error) {
      const failure = failed(error)
      // The connection may be in the middle of anything.
      if (failure.failure === 'retry') this.#lose(client)
      throw failure
    }
  }

  /** Arrays of values need types, which the catalogue knows. */
  async #typesOf(client: Client, table: string): Promise<ColumnTypes> {
    const known = this.#types.get(table)
    if (known) return known
    const { rows } = await client.query<[string, string]>({
      text: `SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
        WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
      values: [table],
      rowMode: 'array',
    })
    const types = new Map(rows)
    this.#types.set(table, types)
    return types
  }

  #lose(client: Client): void {
    if (this.#client === client) this.#client = undefined
    void client.end().catch(() => undefined)
  }
}

async function advance(client: Client, { table, source, seq }: Cursor): Promise<boolean> {
  const bytes = Buffer.from(source)
  await client.query(
    `INSERT INTO ${table} (source, seq) VALUES ($1, 0) ON CONFLICT (source) DO NOTHING`,
    [bytes],
  )
  const update = `UPDATE ${table} SET seq = $1 WHERE source = $2 AND seq < $1`
  const { rowCount } = await client.query(update, [seq, bytes])
  return rowCount === 1
}

function bound(value: SqlValue): SqlValue {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Uint8Array ? Buffer.from(value) : value
}

function integer(text: string): number | bigint {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

function failed(error: unknown): SinkError {
  if (error instanceof SinkError) return error
  const { code = '', message } = error as Error & { code?: string }
  return new SinkError(failureOf(code), `PostgreSQL: ${message}`, { cause: error })
}

function failureOf(code: string): SinkFailure {
  // Codes of the server have five characters; the others are those of a connection.
  if (!/^[0-9A-Z]{5}$/.test(code) || code === LOCK_NOT_AVAILABLE) return 'retry'
  const kind = code.slice(0, 2)
  if (VALUES.has(kind)) return 'rejected'
  return PASSING.has(kind) ? 'retry' : 'blocked'
}

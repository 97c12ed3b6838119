import type { Backend, DeltaBatch, RegistryLoader, RegistryWriter } from '@chihaya/deltas'
import type { Operation } from './operation.ts'
import type { Dialect, SqlDriver } from './sql-driver.ts'

/** How the tables of a site look. */
export interface SqlSchema {
  readonly name: string
  /** The table with the place of each source: `source` and `seq`. */
  readonly cursorTable: string
  /** Makes or brings up to date what the schema needs. @throws {SinkError} when it may not, or cannot. */
  prepare(driver: SqlDriver): Promise<void>
  /** What a batch changes, in the order in which it is to be done. */
  operations(batch: DeltaBatch, dialect: Dialect): readonly Operation[]
  load(driver: SqlDriver, loader: RegistryLoader, since: number): Promise<void>
  /** Writes changes of the registry through, where the tables belong to the tracker. */
  registry?(driver: SqlDriver): RegistryWriter
}

export interface SqlBackendInit {
  readonly driver: SqlDriver
  readonly schema: SqlSchema
  /** Records of one transaction. More make it no faster, and longer. @default 1000 */
  readonly batch?: number
  /** Reads only: a trial beside the tracker that is in use. @default false */
  readonly readOnly?: boolean
}

/**
 * A site's database by SQL. Each batch is one transaction that moves the cursor first, so a batch
 * that comes a second time, as its answer was lost, is found to be in already.
 */
export class SqlBackend implements Backend {
  readonly name: string
  readonly durable = true
  readonly batch: number
  readonly registry: RegistryWriter | undefined
  readonly #driver: SqlDriver
  readonly #schema: SqlSchema
  readonly #readOnly: boolean

  constructor({ driver, schema, batch = 1000, readOnly = false }: SqlBackendInit) {
    this.name = `${driver.dialect}-${schema.name}`
    this.batch = batch
    this.#driver = driver
    this.#schema = schema
    this.#readOnly = readOnly
    this.registry = readOnly ? undefined : schema.registry?.(driver)
  }

  async open(source: Uint8Array): Promise<number> {
    await this.#driver.connect()
    await this.#schema.prepare(this.#driver)
    const { cursorTable } = this.#schema
    const rows = await this.#driver.query({ sql: `SELECT source, seq FROM ${cursorTable}` })
    const row = rows.find(([one]) => one instanceof Uint8Array && Buffer.compare(one, source) === 0)
    return Number(row?.[1] ?? 0)
  }

  async write(batch: DeltaBatch): Promise<void> {
    if (this.#readOnly) return
    const { cursorTable } = this.#schema
    const cursor = { table: cursorTable, source: batch.source, seq: batch.last }
    const operations = this.#schema.operations(batch, this.#driver.dialect)
    await this.#driver.apply(cursor, operations)
  }

  async load(loader: RegistryLoader, since: number): Promise<void> {
    await this.#driver.connect()
    await this.#schema.prepare(this.#driver)
    await this.#schema.load(this.#driver, loader, since)
  }

  async close(): Promise<void> {
    await this.#driver.close()
  }
}

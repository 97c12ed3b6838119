import { SinkError, type SinkFailure } from '@chihaya/deltas'
import { Worker } from 'node:worker_threads'
import type { Cursor, Operation, Query, SqlValue } from '../operation.ts'
import type { SqlDriver } from '../sql-driver.ts'
import type { SqliteAnswer, SqliteRequest, SqliteWorkerData } from './sqlite-worker.ts'

// Primary result codes of SQLite.
const BUSY = 5
const LOCKED = 6
const IO_ERROR = 10
const FULL = 13
const TOO_BIG = 18
const CONSTRAINT = 19
const MISMATCH = 20

const PASSING: ReadonlySet<number> = new Set([BUSY, LOCKED, IO_ERROR, FULL])
const VALUES: ReadonlySet<number> = new Set([TOO_BIG, CONSTRAINT, MISMATCH])

interface Job {
  readonly take: (rows: SqlValue[][]) => void
  readonly resolve: (applied: boolean) => void
  readonly reject: (error: unknown) => void
}

/** SQLite in a file of its own, by Node's own binding, in a thread of its own. */
export class SqliteDriver implements SqlDriver {
  readonly dialect = 'sqlite'
  readonly #data: SqliteWorkerData
  #worker: Worker | undefined
  /** What the worker is asked, in the order in which it answers. */
  readonly #jobs: Job[] = []

  /** `synchronous: 'NORMAL'` survives the death of the process, `FULL` that of the machine too. */
  constructor(file: string, synchronous: 'FULL' | 'NORMAL' = 'FULL') {
    this.#data = { file, synchronous }
  }

  async connect(): Promise<void> {
    if (this.#worker) return
    const source = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js'
    const worker = new Worker(new URL(source, import.meta.url), { workerData: this.#data })
    this.#worker = worker
    worker.on('message', (answer: SqliteAnswer) => this.#answered(answer))
    worker.on('error', (error) => this.#ended(worker, error))
    worker.on('exit', () => this.#ended(worker, new Error('the SQLite thread has ended')))
    worker.unref()
    await this.#ask({ define: [] })
  }

  async define(statements: readonly string[]): Promise<void> {
    await this.#ask({ define: statements })
  }

  async query(query: Query): Promise<SqlValue[][]> {
    const all: SqlValue[][] = []
    await this.#ask({ query }, (rows) => all.push(...rows))
    return all
  }

  async stream(query: Query, take: (rows: SqlValue[][]) => void): Promise<void> {
    await this.#ask({ stream: query }, take)
  }

  apply(cursor: Cursor | undefined, operations: readonly Operation[]): Promise<boolean> {
    return this.#ask({ cursor, apply: operations })
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (!worker) return
    await this.#ask({ close: true }).catch(() => undefined)
    await worker.terminate()
  }

  #ask(
    request: SqliteRequest,
    take: (rows: SqlValue[][]) => void = () => undefined,
  ): Promise<boolean> {
    const worker = this.#worker
    if (!worker) throw new SinkError('retry', 'the SQLite thread is not running')
    return new Promise((resolve, reject) => {
      this.#jobs.push({ take, resolve, reject })
      worker.ref()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(request)
    })
  }

  #answered({ rows, applied = true, done = false, error }: SqliteAnswer): void {
    const [job] = this.#jobs
    if (!job) return
    if (rows) job.take(rows)
    if (!done) return
    this.#jobs.shift()
    // A thread with nothing to do keeps no process alive.
    if (this.#jobs.length === 0) this.#worker?.unref()
    if (error) job.reject(new SinkError(failureOf(error.code), `SQLite: ${error.message}`))
    else job.resolve(applied)
  }

  #ended(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const { reject } of this.#jobs.splice(0)) {
      reject(new SinkError('retry', error.message, { cause: error }))
    }
  }
}

function failureOf(code: number): SinkFailure {
  const primary = code & 0xff
  if (PASSING.has(primary)) return 'retry'
  return VALUES.has(primary) ? 'rejected' : 'blocked'
}

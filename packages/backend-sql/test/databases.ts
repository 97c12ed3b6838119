import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { MysqlDriver } from '../src/drivers/mysql-driver.ts'
import { PostgresDriver } from '../src/drivers/postgres-driver.ts'
import { SqliteDriver } from '../src/drivers/sqlite-driver.ts'
import type { SqlDriver } from '../src/sql-driver.ts'

/** A database of its own for a test, which any number of drivers may connect to. */
export interface TestDatabase {
  /** The port of a server; 0 where there is none. */
  readonly port: number
  /** A driver, closed together with the database; for a server, at a port of a proxy if given. */
  driver(port?: number): SqlDriver
  close(): Promise<void>
}

/** The databases that back-ends are tested with, as far as they are installed. */
export const DATABASES: ReadonlyArray<readonly [name: string, start: () => Promise<TestDatabase>]> =
  [
    ['SQLite', startSqlite],
    ['MariaDB', startMariaDb],
    ['PostgreSQL', startPostgres],
  ]

async function startSqlite(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-'))
  return databaseOf(
    0,
    () => new SqliteDriver(join(folder, 'site.db')),
    async () => rmSync(folder, { recursive: true }),
  )
}

async function startMariaDb(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'mariadb-'))
  const data = join(folder, 'data')
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  run('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
    ...user,
  ])
  const port = await freePort()
  const server = spawn(
    'mariadbd',
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--socket=${join(folder, 'socket')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--innodb-buffer-pool-size=16M',
      '--innodb-log-file-size=8M',
      ...user,
    ],
    { stdio: 'ignore' },
  )
  const options = { host: '127.0.0.1', port, user: 'root' }
  await answers(server, () => new MysqlDriver(options))
  const admin = new MysqlDriver(options)
  await admin.define(['CREATE DATABASE site'])
  await admin.close()
  return databaseOf(
    port,
    (at) => new MysqlDriver({ ...options, port: at, database: 'site' }),
    () => stop(server, 'SIGTERM', folder),
  )
}

async function startPostgres(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
  const data = join(folder, 'data')
  const bin = postgresFolder()
  // PostgreSQL refuses to run as root.
  const as =
    process.getuid?.() === 0
      ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--']
      : []
  if (as.length > 0) {
    chmodSync(folder, 0o777)
  }
  const command = (name: string): string[] => [...as, join(bin, name)]
  const [initdb = '', ...initArgs] = command('initdb')
  run(initdb, [...initArgs, '-D', data, '-A', 'trust', '-U', 'site', '--no-sync'])
  const port = await freePort()
  const [postgres = '', ...args] = command('postgres')
  const server = spawn(
    postgres,
    [...args, '-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F'],
    { stdio: 'ignore' },
  )
  const options = { host: '127.0.0.1', port, user: 'site', database: 'postgres' }
  await answers(server, () => new PostgresDriver(options))
  return databaseOf(
    port,
    (at) => new PostgresDriver({ ...options, port: at }),
    // Fast shutdown.
    () => stop(server, 'SIGINT', folder),
  )
}

function databaseOf(
  port: number,
  make: (port: number) => SqlDriver,
  stopServer: () => Promise<void>,
): TestDatabase {
  const drivers: SqlDriver[] = []
  return {
    port,
    driver: (at = port) => {
      const driver = make(at)
      drivers.push(driver)
      return driver
    },
    close: async () => {
      await Promise.all(drivers.map((driver) => driver.close()))
      await stopServer()
    },
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr}`)
}

async function answers(server: ChildProcess, make: () => SqlDriver): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error('the database server has ended')
    const driver = make()
    try {
      // oxlint-disable-next-line no-await-in-loop
      await driver.connect()
      return
    } catch {
      // oxlint-disable-next-line no-await-in-loop
      await setTimeout(100)
    } finally {
      // oxlint-disable-next-line no-await-in-loop
      await driver.close()
    }
  }
}

async function stop(server: ChildProcess, signal: NodeJS.Signals, folder: string): Promise<void> {
  if (server.exitCode === null) {
    server.kill(signal)
    await once(server, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Debian keeps the programs of each version in a folder of their own. */
function postgresFolder(): string {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).toSorted() : []
  return versions.length > 0 ? join(root, versions.at(-1) ?? '', 'bin') : '/usr/bin'
}

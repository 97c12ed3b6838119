import closeWithGrace from 'close-with-grace'
import type { FastifyBaseLogger } from 'fastify'
import type { CommandLine } from '../command-line.ts'
import { changedKeys } from './config-changes.ts'
import { loadConfig, type LoadedConfig } from '../config/load-config.ts'
import { formatNote } from '../config/problems.ts'
import { createLogger } from '../log/logger.ts'
import { OneAtATime } from './one-at-a-time.ts'
import { Supervisor } from './supervisor.ts'
import { startFailures, writeFailures } from './start-failure.ts'

const STOP_TIMEOUT = 15_000
// Chihaya reloads at SIGUSR1, which otherwise opens Node's debugger. Daemons commonly do at SIGHUP.
const RELOAD_SIGNALS = ['SIGHUP', 'SIGUSR1'] as const

export interface RunOptions {
  readonly flags: CommandLine
  /** Relative paths start here. */
  readonly folder: string
  readonly version: string
}

/** Runs a tracker until a signal stops it. @returns whether it has started. */
export async function runTracker(options: RunOptions): Promise<boolean> {
  const running = new RunningTracker(options)
  const reloads = new OneAtATime(() => running.reload())
  for (const signal of RELOAD_SIGNALS) process.on(signal, () => reloads.ask())
  closeWithGrace(
    { delay: STOP_TIMEOUT, logger: running.log, skip: ['SIGHUP'] },
    async ({ signal, err }) => {
      if (err) running.log.fatal({ err }, 'the tracker fails')
      else running.log.info(`stopping${signal === undefined ? '' : ` on ${signal}`}`)
      await reloads.stop()
      await running.close()
      running.log.info('stopped')
    },
  )
  return running.start()
}

/** A tracker and its configuration. */
class RunningTracker {
  readonly log: FastifyBaseLogger
  readonly #options: RunOptions
  readonly #supervisor: Supervisor
  #config: LoadedConfig | undefined
  #started: Promise<boolean> | undefined
  #isStarting = false

  constructor(options: RunOptions) {
    this.log = createLogger(options.flags)
    this.#options = options
    this.#supervisor = new Supervisor(this.log, options.version)
  }

  start(): Promise<boolean> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** Never rejects. An error is reported and changes nothing. */
  async reload(): Promise<void> {
    if ((await this.#started) !== true) return
    const previous = this.#config
    if (!(await this.#apply('error'))) {
      this.log.error('the configuration is not reloaded; the previous one stays in force')
      return
    }
    const changed =
      previous && this.#config ? changedKeys(previous.settings, this.#config.settings) : []
    this.log.info({ changed }, 'the configuration is reloaded')
  }

  async close(): Promise<void> {
    // No client is served yet, and the start may take long.
    if (this.#isStarting) return
    await this.#supervisor.close()
  }

  async #start(): Promise<boolean> {
    this.#isStarting = true
    const started = await this.#apply('fatal')
    this.#isStarting = false
    if (!started) await this.#supervisor.close()
    return started
  }

  /** Reads the configuration and applies it. @returns whether that worked. */
  async #apply(level: 'fatal' | 'error'): Promise<boolean> {
    const { flags, folder, version } = this.#options
    let config: LoadedConfig | undefined
    try {
      config = await loadConfig({ config: flags.config, folder, env: process.env })
      this.log.info(`chihaya ${version}; ${config.source}`)
      for (const warning of config.warnings) this.log[warning.level ?? 'warn'](formatNote(warning))
      await this.#supervisor.apply(config)
      this.#config = config
      return true
    } catch (error) {
      writeFailures(startFailures(error, config?.udp), { json: flags.json, level })
      this.log.debug({ err: error }, 'the configuration cannot be served')
      return false
    }
  }
}

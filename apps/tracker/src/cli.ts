import closeWithGrace from 'close-with-grace'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { createRequire } from 'node:module'
import { buildApp, resolveUdpAddresses } from './app.ts'
import { HELP, parseCommandLine, UsageError, type CommandLine } from './command-line.ts'
import { loadConfig, type LoadedConfig } from './config/load-config.ts'
import { formatNote } from './config/problems.ts'
import { createLogger } from './logger.ts'
import { startFailures, writeFailures } from './start-failure.ts'

const STOP_TIMEOUT = 15_000
const FAILED = 1
const MISUSED = 2

/**
 * The `chihaya` command: starts a tracker that runs until a signal stops it.
 * Returns the exit code when there is nothing to run, undefined while the tracker runs.
 */
export async function run(args: readonly string[]): Promise<number | undefined> {
  let flags: CommandLine
  try {
    flags = parseCommandLine(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`chihaya: ${error.message}\nTry chihaya --help.\n`)
    return MISUSED
  }
  if (flags.help || flags.version) {
    process.stdout.write(flags.help ? HELP : `chihaya ${version()}\n`)
    return 0
  }
  return start(flags)
}

async function start(flags: CommandLine): Promise<number | undefined> {
  const log = createLogger(flags)
  let app: FastifyInstance | undefined
  let config: LoadedConfig | undefined
  try {
    config = await loadConfig({ config: flags.config, folder: userFolder(process.env), env: process.env })
    log.info(`chihaya ${version()}; ${config.source}`)
    for (const warning of config.warnings) log.warn(formatNote(warning))
    app = buildApp(config, await resolveUdpAddresses(config.udp), log)
    stopWithGrace(app, log)
    refuseReload(log)
    await app.ready()
  } catch (error) {
    writeFailures(startFailures(error, config?.udp), flags)
    log.debug({ err: error }, 'the tracker does not start')
    await app?.close()
    return FAILED
  }
}

/** Chihaya reloads at this signal. Node would open its debugger instead, which no operator asks for. */
function refuseReload(log: FastifyBaseLogger): void {
  process.on('SIGUSR1', () => log.warn('SIGUSR1: this version cannot reload its configuration; restart it instead'))
}

function stopWithGrace(app: FastifyInstance, log: FastifyBaseLogger): void {
  closeWithGrace({ delay: STOP_TIMEOUT, logger: log }, async ({ signal, err }) => {
    if (err) log.fatal({ err }, 'the tracker fails')
    else log.info(`stopping${signal === undefined ? '' : ` on ${signal}`}`)
    await app.close()
    log.info('stopped')
  })
}

/** Where the user stands: package managers run `start` in the folder of the package. */
export function userFolder(env: NodeJS.ProcessEnv): string {
  return (env['npm_lifecycle_event'] === 'start' && env['INIT_CWD']) || process.cwd()
}

function version(): string {
  const { version: text } = createRequire(import.meta.url)('../package.json') as { version: string }
  return text
}

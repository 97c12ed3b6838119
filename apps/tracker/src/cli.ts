import { createRequire } from 'node:module'
import { parseCommandLine, UsageError } from './command-line.ts'
import { helpOf } from './commands/help.ts'
import { runCommand } from './commands/run-command.ts'
import { runTracker } from './run/run-tracker.ts'

const FAILED = 1
const MISUSED = 2

/**
 * The `chihaya` command.
 * @returns the exit code, or undefined if a tracker has started, which runs until a signal stops it.
 */
export async function run(args: readonly string[]): Promise<number | undefined> {
  try {
    const flags = parseCommandLine(args)
    if (flags.help || flags.version) {
      process.stdout.write(flags.help ? helpOf(flags.command) : `chihaya ${version()}\n`)
      return 0
    }
    const folder = userFolder(process.env)
    if (flags.command === undefined)
      return (await runTracker({ flags, folder, version: version() })) ? undefined : FAILED
    return await runCommand(flags.command, flags, { folder, env: process.env })
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`chihaya: ${error.message}\nTry chihaya --help.\n`)
    return MISUSED
  }
}

/** The user's folder. Package managers run `start` in the folder of the package. */
export function userFolder(env: NodeJS.ProcessEnv): string {
  return (env['npm_lifecycle_event'] === 'start' && env['INIT_CWD']) || process.cwd()
}

function version(): string {
  const { version: text } = createRequire(import.meta.url)('../package.json') as { version: string }
  return text
}

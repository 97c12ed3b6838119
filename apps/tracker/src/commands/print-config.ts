import type { CommandLine } from '../command-line.ts'
import { loadConfig } from '../config/load-config.ts'
import { printSettings } from '../config/print.ts'
import { startFailures, writeFailures } from '../run/start-failure.ts'
import type { Surroundings } from './run-command.ts'

/**
 * `chihaya print-config`: shows what is in force. Returns 1 when the configuration cannot be used.
 */
export async function printConfig(
  flags: CommandLine,
  { folder, env }: Surroundings,
): Promise<number> {
  try {
    const { settings, source } = await loadConfig({ config: flags.config, folder, env })
    process.stdout.write(printSettings(settings, source))
    return 0
  } catch (error) {
    writeFailures(startFailures(error), flags)
    return 1
  }
}

import type { CommandLine } from '../command-line.ts'
import { loadConfig } from '../config/load-config.ts'
import { printSettings } from '../config/print.ts'
import { startFailures, writeFailures } from '../run/start-failure.ts'
import type { CommandContext } from './command.ts'

/** `chihaya print-config`: prints the effective configuration. Returns 1 if it is invalid. */
export async function printConfig(
  flags: CommandLine,
  { folder, env }: CommandContext,
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

import type { CommandLine } from '../command-line.ts'
import { check } from './check.ts'
import { e2e } from './e2e.ts'
import type { CommandName } from './flags.ts'
import { health } from './health.ts'
import { printConfig } from './print-config.ts'

/** Where a command reads its configuration from. */
export interface Surroundings {
  /** The folder of the user, from which relative paths start. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

type Command = (flags: CommandLine, surroundings: Surroundings) => Promise<number>

const COMMANDS: Readonly<Record<CommandName, Command>> = {
  check,
  'print-config': printConfig,
  e2e,
  health,
}

/** Does what a command says, and returns the exit code. @throws {UsageError} */
export async function runCommand(
  name: CommandName,
  flags: CommandLine,
  surroundings: Surroundings,
): Promise<number> {
  return COMMANDS[name](flags, surroundings)
}

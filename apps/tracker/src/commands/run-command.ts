import { check } from './check.ts'
import type { Command } from './command.ts'
import { e2e } from './e2e.ts'
import type { CommandName } from './flags.ts'
import { health } from './health.ts'
import { printConfig } from './print-config.ts'

const COMMANDS: Readonly<Record<CommandName, Command>> = {
  check,
  'print-config': printConfig,
  e2e,
  health,
}

/** Runs a command by its name. */
export function runCommand(name: CommandName, ...parameters: Parameters<Command>): Promise<number> {
  return COMMANDS[name](...parameters)
}

import type { CommandLine } from '../command-line.ts'

/** The environment that a command runs in. */
export interface CommandContext {
  /** The user's working directory, which relative paths start from. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

/** Runs a command and returns its exit code. @throws {UsageError} */
export type Command = (flags: CommandLine, context: CommandContext) => Promise<number>

import type { CommandLine } from '../command-line.ts'

/** What a command knows about whoever runs it. */
export interface CommandContext {
  /** The user's working directory, which relative paths start from. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

/** Runs a command and returns its exit code. @throws {UsageError} */
export type Command = (flags: CommandLine, context: CommandContext) => Promise<number>

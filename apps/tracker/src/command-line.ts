import { parseArgs } from 'node:util'
import {
  commandFlags,
  COMMAND_NAMES,
  isCommand,
  VALUE_FLAGS,
  type CommandName,
  type FlagName,
} from './commands/flags.ts'
import { nearest } from './config/did-you-mean.ts'

export interface CommandLine {
  /** What to do instead of running a tracker. */
  readonly command: CommandName | undefined
  /** The configuration file, with or without `--config`. */
  readonly config: string | undefined
  readonly debug: boolean
  readonly json: boolean
  readonly nocolors: boolean
  readonly help: boolean
  readonly version: boolean
  /** Announce URLs for `e2e`; '' for none. */
  readonly httpaddr: string | undefined
  readonly udpaddr: string | undefined
  /** Go's notation. */
  readonly delay: string | undefined
  /** Whether `health` asks for readiness. */
  readonly ready: boolean | undefined
  /** How long `health` waits, in Go's notation. */
  readonly timeout: string | undefined
}

/** Invalid arguments. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const OPTIONS = {
  config: { type: 'string' },
  httpaddr: { type: 'string' },
  udpaddr: { type: 'string' },
  delay: { type: 'string' },
  ready: { type: 'boolean' },
  timeout: { type: 'string' },
  debug: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  nocolors: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', default: false },
} as const satisfies Record<FlagName, object>

/** Reads the arguments of the command. @throws {UsageError} */
export function parseCommandLine(args: readonly string[]): CommandLine {
  // Package managers pass on the `--` that ends their arguments.
  const own = args[0] === '--' ? args.slice(1) : args
  const { values, positionals, tokens } = parseArgs({
    args: [...own],
    options: OPTIONS,
    strict: false,
    tokens: true,
  })
  const [name, ...rest] = positionals
  // The word after an unknown flag may be its value and not a command.
  for (const token of tokens)
    if (token.kind === 'option' && !Object.hasOwn(OPTIONS, token.name)) unknownFlag(name, token)
  if (name !== undefined && !isCommand(name)) {
    throw new UsageError(
      `there is no command ${JSON.stringify(name)}${guessed(nearest(name, COMMAND_NAMES))}`,
    )
  }
  for (const token of tokens)
    if (token.kind === 'option') checkFlag(name, token.name, token.rawName, token.value)
  const config = fileOf(name, rest, values['config'] as string | undefined)
  return { ...(values as unknown as CommandLine), command: name, config }
}

/** The file of a command, which may follow it without a flag. */
function fileOf(
  command: CommandName | undefined,
  rest: readonly string[],
  config: string | undefined,
): string | undefined {
  const [file, ...more] = rest
  if (file === undefined) return config
  if (command === 'e2e' || more.length > 0) {
    throw new UsageError(
      `${JSON.stringify(more[0] ?? file)} is too much: ${command} takes ${command === 'e2e' ? 'flags only' : 'one file'}`,
    )
  }
  if (config !== undefined) throw new UsageError(`there are two files: ${config} and ${file}`)
  return file
}

function checkFlag(
  command: CommandName | undefined,
  name: string,
  rawName: string,
  value: string | undefined,
): void {
  if (!commandFlags(command).includes(name as FlagName)) unknownFlag(command, { name, rawName })
  const needs = VALUE_FLAGS.get(name as FlagName)
  if (needs === undefined && value !== undefined) throw new UsageError(`${rawName} takes no value`)
  // A flag after --config means that the file is missing.
  if (
    needs !== undefined &&
    (value === undefined || value.startsWith('--') || (value === '' && name === 'config'))
  )
    throw new UsageError(`${rawName} needs ${needs}`)
}

function unknownFlag(
  command: string | undefined,
  { name, rawName }: { name: string; rawName: string },
): never {
  const known = command !== undefined && isCommand(command) ? command : undefined
  const owner = known === undefined ? 'there is no flag' : `${known} has no flag`
  throw new UsageError(`${owner} ${rawName}${guessed(nearest(name, commandFlags(known)), '--')}`)
}

function guessed(guess: string | undefined, prefix = ''): string {
  return guess === undefined ? '' : `; did you mean ${prefix}${guess}?`
}

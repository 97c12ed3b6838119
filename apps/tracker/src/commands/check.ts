import type { CommandLine } from '../command-line.ts'
import { loadConfig, UnreadableConfigError } from '../config/load-config.ts'
import { ConfigError, formatPlace, type ConfigNote } from '../config/problems.ts'
import type { CommandContext } from './command.ts'

interface Report {
  readonly valid: boolean
  /** The file's name as the user gave it. */
  readonly config: string
  readonly errors: ReadonlyArray<ConfigNote | { readonly message: string }>
  readonly warnings: readonly ConfigNote[]
}

/** `chihaya check`: reports errors and warnings of a configuration. Returns 1 if it is invalid. */
export async function check(flags: CommandLine, context: CommandContext): Promise<number> {
  const report = await examine(flags, context)
  process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : format(report))
  return report.valid ? 0 : 1
}

async function examine(
  { config: file }: CommandLine,
  { folder, env }: CommandContext,
): Promise<Report> {
  try {
    const { name, warnings } = await loadConfig({ config: file, folder, env })
    return { valid: true, config: name, errors: [], warnings }
  } catch (error) {
    const config = file ?? 'the configuration'
    if (error instanceof ConfigError)
      return { valid: false, config, errors: error.notes, warnings: error.warnings }
    if (error instanceof UnreadableConfigError)
      return { valid: false, config, errors: [{ message: error.message }], warnings: [] }
    throw error
  }
}

function format({ valid, config, errors, warnings }: Report): string {
  const lines = [
    ...errors.map((note) => line('error', note)),
    ...warnings.map((note) => line(note.level ?? 'warning', note)),
  ]
  const counts = [
    count(errors.length, 'error'),
    count(warnings.filter(({ level }) => level === undefined).length, 'warning'),
  ].filter((text) => text !== undefined)
  const summary = counts.length === 0 ? '' : `: ${counts.join(', ')}`
  return [...lines, `${config} is ${valid ? 'valid' : 'not valid'}${summary}`, ''].join('\n')
}

function line(kind: string, note: ConfigNote | { readonly message: string }): string {
  return 'key' in note
    ? `${formatPlace(note)}: ${kind}: ${note.message}`
    : `${kind}: ${note.message}`
}

function count(number: number, noun: string): string | undefined {
  return number === 0 ? undefined : `${number} ${noun}${number === 1 ? '' : 's'}`
}

import { parseArgs } from 'node:util'
import { nearest } from './nearest.ts'

export interface CommandLine {
  readonly config: string | undefined
  readonly debug: boolean
  readonly json: boolean
  readonly nocolors: boolean
  readonly help: boolean
  readonly version: boolean
}

/** A command line that makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const FLAGS = {
  config: { type: 'string' },
  debug: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  nocolors: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', default: false },
} as const

export const HELP: string = `A BitTorrent tracker for HTTP and UDP.

Usage: chihaya [--config FILE] [--debug] [--json] [--nocolors]

  --config FILE  the configuration, with $VAR and \${VAR} expanded in its path
                 default: /etc/chihaya.yaml if there is one, else HTTP and UDP
                 on port 6969 of every address, and swarms in memory
  --debug        log more
  --json         log JSON, one object a line
  --nocolors     log without colours
  --help, -h     show this
  --version      show the version
`

/** Reads the arguments of the command. @throws {UsageError} */
export function parseCommandLine(args: readonly string[]): CommandLine {
  // Package managers pass on the `--` that ends their own arguments.
  const own = args[0] === '--' ? args.slice(1) : args
  const { values, tokens } = parseArgs({ args: [...own], options: FLAGS, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`there is no command ${JSON.stringify(token.value)}`)
    if (token.kind === 'option') checkFlag(token.name, token.rawName, token.value)
  }
  return values as unknown as CommandLine
}

function checkFlag(name: string, rawName: string, value: string | undefined): void {
  if (!Object.hasOwn(FLAGS, name)) {
    const guess = nearest(name, Object.keys(FLAGS))
    throw new UsageError(`there is no flag ${rawName}${guess === undefined ? '' : `; did you mean --${guess}?`}`)
  }
  const { type } = FLAGS[name as keyof typeof FLAGS]
  if (type === 'boolean' && value !== undefined) throw new UsageError(`${rawName} takes no value`)
  // A flag after --config means that its file was forgotten.
  if (type === 'string' && (value === undefined || value === '' || value.startsWith('--')))
    throw new UsageError(`${rawName} needs a file`)
}

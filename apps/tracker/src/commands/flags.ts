/** Commands of `chihaya`; without one it runs a tracker. */
export type CommandName = 'check' | 'print-config' | 'e2e' | 'health'

export type FlagName =
  | 'config'
  | 'debug'
  | 'json'
  | 'nocolors'
  | 'httpaddr'
  | 'udpaddr'
  | 'delay'
  | 'ready'
  | 'timeout'
  | 'help'
  | 'version'

const ALWAYS: readonly FlagName[] = ['help', 'version']
// The tracker's flags may precede a command about the same tracker.
const OF_TRACKER: readonly FlagName[] = ['config', 'debug', 'json', 'nocolors']
const FLAGS: Readonly<Record<CommandName, readonly FlagName[]>> = {
  check: [...OF_TRACKER, ...ALWAYS],
  'print-config': [...OF_TRACKER, ...ALWAYS],
  e2e: ['httpaddr', 'udpaddr', 'delay', 'debug', 'json', 'nocolors', ...ALWAYS],
  health: ['ready', 'timeout', ...OF_TRACKER, ...ALWAYS],
}

/** Flags that take a value, and what the value is. */
export const VALUE_FLAGS: ReadonlyMap<FlagName, string> = new Map([
  ['config', 'a file'],
  ['httpaddr', 'a URL, or "" for none'],
  ['udpaddr', 'a URL, or "" for none'],
  ['delay', 'a duration such as 1s'],
  ['timeout', 'a duration such as 2s'],
])

export const COMMAND_NAMES: readonly string[] = Object.keys(FLAGS)

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(FLAGS, name)
}

/** Flags of a command, or of the tracker itself. */
export function commandFlags(command: CommandName | undefined): readonly FlagName[] {
  return command === undefined ? [...OF_TRACKER, ...ALWAYS] : FLAGS[command]
}

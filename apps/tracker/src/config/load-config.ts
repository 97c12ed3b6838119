import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readConfig, type ReadConfig } from './read-config.ts'
import { readText, unreadable } from './read-text.ts'
import { defaultConfig } from './tracker-config.ts'

/** Where Chihaya looks for its configuration. */
const DEFAULT_PATH = '/etc/chihaya.yaml'

export interface LoadOptions {
  /** What follows `--config`. */
  readonly config: string | undefined
  /** The folder that relative paths start from. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** Read when there is no `config`, if it exists. @default '/etc/chihaya.yaml' */
  readonly defaultPath?: string
}

export interface LoadedConfig extends ReadConfig {
  /** Which configuration is in force, in words. */
  readonly source: string
  /** The same in short: the file as the user named it. */
  readonly name: string
}

const DEFAULT_NAME = 'the built-in default'
const DEFAULT_WORDS = 'HTTP and UDP on port 6969, IPv4 and IPv6, swarms in memory'
const DEFAULT_TEXT = 'chihaya: { http: { addr: ":6969" }, udp: { addr: ":6969" } }'

/**
 * Reads the configuration. @throws {ConfigError} for what is wrong in the file. @throws
 * {UnreadableConfigError}
 */
export async function loadConfig({
  config,
  folder,
  env,
  defaultPath = DEFAULT_PATH,
}: LoadOptions): Promise<LoadedConfig> {
  if (config === undefined && !existsSync(defaultPath)) {
    const { isChanged, ...read } = await readDefault(folder, env)
    const what = isChanged ? ', but for what the environment sets' : `: ${DEFAULT_WORDS}`
    const source = `there is no ${defaultPath}, so the built-in default is in force${what}`
    return { ...read, source, name: DEFAULT_NAME }
  }
  const name = config === undefined ? defaultPath : expandVariables(config, env)
  const path = resolve(folder, name)
  const read = await readConfig({ name, path, text: readFile(name, path), folder, env })
  return { ...read, source: `the configuration is ${path}`, name }
}

/** The built-in default as the environment changes it. */
async function readDefault(
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<ReadConfig & { isChanged: boolean }> {
  const path = resolve(folder, 'chihaya.yaml')
  const { warnings, ...read } = await readConfig({
    name: DEFAULT_NAME,
    path,
    text: DEFAULT_TEXT,
    folder,
    env,
  })
  const isChanged = [...read.settings.values()].some(({ values }) =>
    [...values.values()].some(({ variables }) => variables.length > 0),
  )
  // What there is to say of a file says nothing where there is none.
  const ofVariables = warnings.filter(({ variable }) => variable !== undefined)
  return { ...read, ...(!isChanged && defaultConfig), warnings: ofVariables, isChanged }
}

/** Replaces `$VAR` and `${VAR}` as a shell does: by nothing when the variable is not set. */
export function expandVariables(text: string, env: NodeJS.ProcessEnv): string {
  return text.replaceAll(
    /\$(?:\{(\w+)\}|([A-Za-z_]\w*))/g,
    (_whole, braced?: string, plain?: string) => {
      return env[braced ?? plain ?? ''] ?? ''
    },
  )
}

function readFile(name: string, path: string): string {
  try {
    return readText(path)
  } catch (error) {
    throw new UnreadableConfigError(`cannot read the configuration ${name}: ${unreadable(error)}`, {
      cause: error,
    })
  }
}

/** A configuration file that cannot be read at all. */
export class UnreadableConfigError extends Error {
  override readonly name = 'UnreadableConfigError'
  readonly code = 'UNREADABLE_CONFIG'
}

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from './build.ts'
import { checkContradictions } from './check-contradictions.ts'
import { Environment, variablesBelow } from './environment.ts'
import { loadPlugins } from './plugins.ts'
import { ConfigError, type Path } from './problems.ts'
import { rewrite } from './rewrite.ts'
import { chihayaSection } from './sections.ts'
import { isSection, Source, type Section } from './source.ts'
import { readText, unreadable } from './text-file.ts'
import { defaultConfig, type Settings, type TrackerConfig } from './tracker-config.ts'
import { validate } from './validate.ts'

/** Where Chihaya looks for its configuration. */
const DEFAULT_PATH = '/etc/chihaya.yaml'

export interface ConfigText {
  /** The file as the user named it, for messages. */
  readonly name: string
  /** Its absolute path: plugins are looked for in its folder. */
  readonly path: string
  readonly text: string
  /** The folder where relative paths of certificates and secrets start. */
  readonly folder: string
  /** The variables that may set keys, and be referred to. @default {} */
  readonly env?: NodeJS.ProcessEnv
}

/** A configuration, and the values that it was built from, secrets included. */
export interface ReadConfig extends TrackerConfig {
  readonly settings: Settings
}

const PATH: Path = ['chihaya']

/**
 * Reads the text of a configuration: text → plain tree → values of the environment → the form that
 * the schemas describe → one validation → options. @throws {ConfigError} with everything that is
 * wrong with it.
 */
export async function readConfig(config: ConfigText): Promise<ReadConfig> {
  const { name, path, text, folder, env = {} } = config
  const source = new Source(name, text, env)
  const section = rootSection(source)
  const environment = new Environment(source, env, folder)
  environment.apply(section, chihayaSection, PATH)
  const plugins = await loadPlugins(source, section, environment, path)
  const { schema } = plugins
  rewrite(source, section, schema, PATH)
  validate(source, section, schema, PATH)
  const built = build(source, section, plugins, folder)
  environment.refuseUnknown(variablesBelow(schema, 'chihaya'))
  const udpKey = built.tracker.udp ? built.tracker.udp.privateKey : undefined
  checkContradictions(source, section, schema, udpKey)
  source.findings.throwProblems()
  const variables = (at: Path): readonly string[] => source.variables(at)
  const settings = { section, schema, variables, isChanged: source.isOverridden }
  return { ...built, settings, warnings: source.findings.warnings }
}

/** The section under the only key of the file. @throws {ConfigError} if there is none. */
function rootSection(source: Source): Section {
  const { tree, findings } = source
  const file = isSection(tree) ? tree : {}
  const hasRoot = Object.hasOwn(file, 'chihaya')
  if (tree !== null && !isSection(tree))
    source.refuse([], ` must be a section of keys, not ${source.describe([])}`)
  for (const name of Object.keys(file)) {
    // Some editors look for the schema in a key of the file.
    if (name === 'chihaya' || name === '$schema') continue
    const hint = hasRoot ? 'everything belongs under chihaya' : 'the one key of the file is chihaya'
    source.refuse([name], ` is not a known key; ${hint}`, 'key')
  }
  if (!hasRoot && findings.problems.length === 0) {
    const found = tree === null ? 'is empty' : 'has no key chihaya'
    const message = `the file ${found}; it needs chihaya, with http or udp in it`
    findings.problem(source.keyPlace([]), PATH, message)
  }
  const section = hasRoot ? (file['chihaya'] ?? {}) : undefined
  if (isSection(section)) return section
  if (hasRoot) source.refuse(PATH, ` must be a section of keys, not ${source.describe(PATH)}`)
  throw new ConfigError(findings.problems, findings.warnings)
}

export interface LoadOptions {
  /** The argument of `--config`. */
  readonly config: string | undefined
  /** The folder that relative paths start from. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** Read when there is no `config`, if it exists. @default '/etc/chihaya.yaml' */
  readonly defaultPath?: string
}

export interface LoadedConfig extends ReadConfig {
  /** A sentence that names the configuration in use. */
  readonly source: string
  /** The file as the user named it. */
  readonly name: string
}

const DEFAULT_NAME = 'the built-in default'
const DEFAULT_WORDS = 'HTTP and UDP on port 6969, IPv4 and IPv6, swarms in memory'
const DEFAULT_TEXT = 'chihaya: { http: { addr: ":6969" }, udp: { addr: ":6969" } }'

/**
 * Reads the configuration in force. @throws {ConfigError} with everything that is wrong in the
 * file. @throws {UnreadableConfigError}
 */
export async function loadConfig({
  config,
  folder,
  env,
  defaultPath = DEFAULT_PATH,
}: LoadOptions): Promise<LoadedConfig> {
  if (config === undefined && !existsSync(defaultPath)) {
    const { isChanged, ...read } = await readDefault(folder, env)
    const what = isChanged ? ', with changes from the environment' : `: ${DEFAULT_WORDS}`
    const source = `there is no ${defaultPath}, so the built-in default applies${what}`
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
  const { isChanged } = read.settings
  // Warnings about a file make no sense without a file.
  const ofVariables = warnings.filter(({ variable }) => variable !== undefined)
  return { ...read, ...(!isChanged && defaultConfig), warnings: ofVariables, isChanged }
}

/** Replaces `$VAR` and `${VAR}` as a shell does; an unset variable is empty. */
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

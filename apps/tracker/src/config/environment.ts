import { Scalar, YAMLMap, type Node } from 'yaml'
import type { JsonSchema } from '@chihaya/core'
import { isDurationSchema, schemaTypes } from './describe-schema.ts'
import { nearest } from './did-you-mean.ts'
import { parseValue, ValueTextError } from './document.ts'
import { nameOf, type Path } from './problems.ts'
import { isSection, type Section, type Source } from './source.ts'
import type { YamlKey, YamlSchema } from './spelling.ts'
import { readSecretFile, SecretFileError } from './text-file.ts'

const PREFIX = 'CHIHAYA_'
// Read by the repository's own scripts and tests.
const OURS: ReadonlySet<string> = new Set(['CHIHAYA_NODE', 'CHIHAYA_PRIVATE_NETWORK'])
// Set by Kubernetes for services called chihaya, chihaya-udp and so on.
const SERVICE =
  /^CHIHAYA_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/
const SERVICE_PORT = /^CHIHAYA_(\w+_)?PORT$/

/** `chihaya.http.addr` → `CHIHAYA_HTTP_ADDR`; undefined within a list. */
export function variableOf(name: string): string | undefined {
  return name.includes('[') ? undefined : name.replaceAll('.', '_').toUpperCase()
}

/** A value from the environment. */
interface Setting {
  readonly variable: string
  readonly text: string
  /** Whether `text` names a file that holds the value. */
  readonly isFile: boolean
}

/**
 * Puts the values of environment variables into a configuration: into the keys that they name, and
 * into values that refer to them.
 */
export class Environment {
  readonly #source: Source
  readonly #env: NodeJS.ProcessEnv
  readonly #folder: string
  /** Variables that look like keys. */
  readonly #names: readonly string[]
  readonly #known = new Set<string>()

  /** `folder`: where relative paths of secret files start. */
  constructor(source: Source, env: NodeJS.ProcessEnv, folder: string) {
    this.#source = source
    this.#env = env
    this.#folder = folder
    this.#names = Object.keys(env).filter((name) => name.startsWith(PREFIX) && !this.#isOther(name))
  }

  /** Changes a section of the tree, and the sections in it. */
  apply(section: Section, { keys }: YamlSchema, path: Path): void {
    if (keys === undefined) return this.#setAny(section, path)
    const options = new Set<string>()
    for (const [name, key] of keys) {
      const at = [...path, name]
      const isSet = key.deprecated === undefined && this.#set(section, name, key, keys, at)
      if (isSet) options.add(key.option)
      else if (section[name] !== undefined) section[name] = this.#expanded(section[name], key, at)
      const inner = section[name]
      if (key.keys && isSection(inner)) this.apply(inner, key, at)
    }
    // A variable goes before the same option by another name in the file.
    for (const [name, { option }] of keys)
      if (options.has(option) && this.#source.keyPlace([...path, name]).variable === undefined)
        delete section[name]
  }

  /** Refuses variables that look like keys, but are not `known` and have set nothing. */
  refuseUnknown(known: readonly string[]): void {
    const all = new Set([...this.#known, ...known, ...known.map((name) => `${name}_FILE`)])
    for (const variable of this.#names) {
      if (all.has(variable)) continue
      const guess = nearest(variable, known)
      const hint =
        guess === undefined ? 'no key of the configuration has this name' : `did you mean ${guess}?`
      this.#source.findings.problem({ variable }, variable, `this variable is not known; ${hint}`)
    }
  }

  /** Sets a key if a variable does. Returns whether one did. */
  #set(
    section: Section,
    name: string,
    key: YamlKey,
    siblings: ReadonlyMap<string, YamlKey>,
    path: Path,
  ): boolean {
    if (key.section === true || key.keys) return this.#openSection(section, name, path)
    const [setting, other] = this.#take(path, !siblings.has(`${name}_file`))
    if (setting === undefined) return false
    section[name] = this.#value(setting, path, (text) => parseText(text, key.schema))
    if (other) this.#source.refuse(path, ` is set by ${other.variable} too`)
    return true
  }

  /** Makes a section that the file lacks if a variable sets something in it. */
  #openSection(section: Section, name: string, path: Path): false {
    const start = `${variableOf(nameOf(path)) ?? ''}_`
    const variable = this.#names.find((each) => each.startsWith(start))
    if (variable !== undefined && (section[name] ?? undefined) === undefined)
      section[name] = this.#source.override(path, new YAMLMap(), variable)
    return false
  }

  /** Sets keys of a section that may hold any. */
  #setAny(section: Section, path: Path): void {
    const start = `${variableOf(nameOf(path)) ?? ''}_`
    for (const variable of this.#names.filter((each) => each.startsWith(start))) {
      const name = variable.slice(start.length).toLowerCase()
      for (const setting of this.#take([...path, name], false))
        section[name] = this.#value(setting, [...path, name], parseValue)
    }
  }

  /** The value of a variable, or of the file that it names; null after a problem. */
  #value({ variable, text, isFile }: Setting, path: Path, parse: (text: string) => Node): unknown {
    const source = this.#source
    try {
      return source.override(
        path,
        parse(isFile ? readSecretFile(text, this.#folder) : text),
        variable,
      )
    } catch (error) {
      const nothing = source.override(path, new Scalar(null), variable)
      if (error instanceof ValueTextError) source.refuse(path, ` is not YAML: ${error.message}`)
      else if (error instanceof SecretFileError) source.refuse(path, `: ${error.message}`)
      else throw error
      return nothing
    }
  }

  /** A value after its references are replaced, in the type that its key needs. */
  #expanded(value: unknown, schema: YamlSchema, path: Path): unknown {
    const text = this.#source.expansion(path)
    const read = text === undefined ? value : this.#reread(text, schema, path)
    const items = schema.items ?? itemsOf(schema.schema)
    if (!Array.isArray(read) || items === undefined) return read
    return read.map((item, index) => this.#expanded(item, items, [...path, index]))
  }

  #reread(text: string, { schema }: YamlSchema, path: Path): unknown {
    try {
      return this.#source.expand(path, parseText(text, schema))
    } catch (error) {
      if (!(error instanceof ValueTextError)) throw error
      this.#source.refuse(path, ` is not YAML after its variables are replaced: ${error.message}`)
      return null
    }
  }

  /**
   * The settings of a key: none, one, or two that contradict each other. Without `files`, `…_FILE`
   * is another key.
   */
  #take(path: Path, files: boolean): Setting[] {
    const variable = variableOf(nameOf(path))
    if (variable === undefined) return []
    const found: Setting[] = []
    for (const isFile of files ? [false, true] : [false]) {
      const name = isFile ? `${variable}_FILE` : variable
      this.#known.add(name)
      const text = this.#env[name]
      if (text !== undefined) found.push({ variable: name, text, isFile })
    }
    return found
  }

  #isOther(name: string): boolean {
    const value = this.#env[name]
    if (value === undefined || OURS.has(name) || SERVICE.test(name)) return true
    return SERVICE_PORT.test(name) && /^(tcp|udp|sctp):\/\//.test(value)
  }
}

/** The variables that set the keys of a section, and of the sections in it. */
export function variablesBelow({ keys }: YamlSchema, name: string): string[] {
  return [...(keys ?? [])].flatMap(([each, key]) => {
    const keyName = `${name}.${each}`
    if (key.deprecated !== undefined) return []
    if (key.keys) return variablesBelow(key, keyName)
    return key.section === true ? [] : (variableOf(keyName) ?? [])
  })
}

/**
 * A value that came as text, as its schema needs it: text as it is, and anything else as YAML, with
 * lists and maps in flow notation. @throws {ValueTextError}
 */
function parseText(text: string, schema: JsonSchema): Node {
  const types = schemaTypes(schema)
  const isText = types.includes('string') && !isDurationSchema(schema)
  if (!isText || isFlow(text.trim(), types)) return parseValue(text)
  const scalar = new Scalar(text)
  scalar.type = Scalar.QUOTE_DOUBLE
  return scalar
}

/** Whether text is a list or a map where there may be one. `[::]:6969` is not. */
function isFlow(text: string, types: readonly string[]): boolean {
  if (types.includes('array') && text.startsWith('[') && text.endsWith(']')) return true
  return types.includes('object') && text.startsWith('{') && text.endsWith('}')
}

function itemsOf({ items }: JsonSchema): YamlSchema | undefined {
  return isSection(items) ? { schema: items } : undefined
}

import { Scalar, YAMLMap, type Node } from 'yaml'
import type { ConfigDocument, Entries, Located } from './config-document.ts'
import { Environment, type Override } from './environment.ts'
import { readSecretFile, SecretFileError } from './secret-file.ts'
import { parseValueText, parseYaml, ValueTextError } from './value-text.ts'
import type { YamlKey } from './yaml-schema.ts'

const NONE: Entries = new Map()

/** What environment variables put in the place of a file's entries. */
export class Overrides {
  readonly #document: ConfigDocument
  readonly #environment: Environment
  readonly #folder: string
  readonly #found = new Map<string, Entries>()
  readonly #sections = new WeakSet<Located>()

  constructor(document: ConfigDocument, env: NodeJS.ProcessEnv, folder: string) {
    this.#document = document
    this.#environment = new Environment(env)
    this.#folder = folder
  }

  /** What has been found for a section. */
  below(path: string): Entries {
    return this.#found.get(path) ?? NONE
  }

  /** Whether an entry is the beginning of a section, which gives way to the file's. */
  isSection(entry: Located): boolean {
    return this.#sections.has(entry)
  }

  /**
   * Looks for what sets a section's keys, and for the beginnings of sections that the file may
   * lack.
   */
  find(keys: ReadonlyMap<string, YamlKey>, path: string): void {
    if (this.#found.has(path)) return
    const found = new Map<string, Located>()
    for (const [name, key] of keys) {
      if (key.deprecated !== undefined) continue
      const keyPath = `${path}.${name}`
      const isSection = key.section === true || key.keys !== undefined
      const located = isSection
        ? this.#section(name, keyPath)
        : this.#value(name, key, keys, keyPath)
      if (located) found.set(name, located)
    }
    // A value from outside goes before the same option by another name in the file.
    const options = new Set([...found.keys()].map((name) => keys.get(name)?.option))
    for (const [name, { option }] of keys) {
      if (options.has(option) && !found.has(name))
        found.set(name, { key: new Scalar(name), value: null })
    }
    this.#found.set(path, found)
  }

  /** Looks for what sets the keys of a section that may have any. */
  findAny(path: string): void {
    const found = new Map<string, Located>()
    for (const name of this.#environment.keysBelow(path)) {
      for (const override of this.#environment.take(`${path}.${name}`, false)) {
        const key = this.#document.comesFrom(override.variable, new Scalar(name))
        found.set(name, { key, value: this.#node(override, `${path}.${name}`, parseYaml) })
      }
    }
    this.#found.set(path, found)
  }

  /**
   * Variables that set nothing, each with the one that it may stand for: one asked for, or one of
   * `others`.
   */
  unknown(others: Iterable<string>): Array<{ variable: string; guess: string | undefined }> {
    return this.#environment.unknown(others)
  }

  #section(name: string, path: string): Located | undefined {
    const variable = this.#environment.firstBelow(path)
    if (variable === undefined) return undefined
    const key = this.#document.comesFrom(variable, new Scalar(name))
    const section: Located = { key, value: this.#document.comesFrom(variable, new YAMLMap()) }
    this.#sections.add(section)
    return section
  }

  #value(
    name: string,
    { schema }: YamlKey,
    keys: ReadonlyMap<string, YamlKey>,
    path: string,
  ): Located | undefined {
    const [override, other] = this.#environment.take(path, !keys.has(`${name}_file`))
    if (override === undefined) return undefined
    const key = this.#document.comesFrom(override.variable, new Scalar(name))
    if (other) this.#document.problem(key, path, `${path} is set by ${other.variable} too`)
    return { key, value: this.#node(override, path, (text) => parseValueText(text, schema)) }
  }

  /** The value of a variable, or of the file it names; nothing and a problem when there is none. */
  #node({ variable, text, isFile }: Override, path: string, parse: (text: string) => Node): Node {
    const nothing = this.#document.comesFrom(variable, new Scalar(null))
    try {
      return this.#document.comesFrom(
        variable,
        parse(isFile ? readSecretFile(text, this.#folder) : text),
      )
    } catch (error) {
      if (error instanceof ValueTextError)
        this.#document.problem(nothing, path, `${path} is no YAML: ${error.message}`)
      else if (error instanceof SecretFileError)
        this.#document.problem(nothing, path, `${path}: ${error.message}`)
      else throw error
      return nothing
    }
  }
}

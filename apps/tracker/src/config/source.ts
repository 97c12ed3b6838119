import { isAlias, isMap, isScalar, isSeq, Scalar, type Node } from 'yaml'
import { parseFile, type ParsedFile } from './document.ts'
import { Findings, nameOf, type Path, type Place } from './problems.ts'
import { expandDocument, type Expansion } from './references.ts'

/** A section of the tree: its values by YAML name. */
export type Section = Record<string, unknown>

export function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Where text came from, if it is not the file's own. */
interface Origin {
  /** The environment variable that holds it. */
  readonly variable?: string
  /** The scalar of the file whose references it came from. */
  readonly scalar?: Node
}

/** An entry of a map, or an item of a list, where the key is the item itself. */
interface Entry {
  readonly key: Node
  readonly value: Node | null
}

/** An entry, and what its key and value came from. */
interface Found extends Entry {
  readonly keyOrigin?: Origin | undefined
  readonly origin?: Origin | undefined
}

const SECRET = /(private_key|secret|password|token|broker)s?(\[\d+\])*$/
const MOST_CHARACTERS = 60

/**
 * The text of a configuration as a plain tree, and the places of its values, which are looked up by
 * path, through aliases and merge keys.
 */
export class Source {
  readonly findings: Findings = new Findings()
  /** The file's values, with merge keys and aliases resolved. Later steps change it. */
  readonly tree: unknown
  readonly #file: string
  readonly #parsed: ParsedFile
  readonly #expansions: ReadonlyMap<Node, Expansion>
  /** Replacements of the file's entries by other steps, by path. */
  readonly #layers = new Map<string, Found>()
  readonly #entries = new WeakMap<Node, ReadonlyMap<string, Entry>>()

  /**
   * `file`: its name for messages. `env`: the variables that the text may refer to.
   * @throws {ConfigError} if the text is not YAML.
   */
  constructor(file: string, text: string, env: NodeJS.ProcessEnv) {
    this.#file = file
    this.#parsed = parseFile(text)
    const { document, errors, warnings } = this.#parsed
    for (const { offset, message } of errors)
      this.findings.problem(this.#placeAt(offset), '', message)
    for (const { offset, message } of warnings)
      this.findings.warning(this.#placeAt(offset), '', message)
    this.findings.throwProblems()
    this.#expansions = expandDocument(document, text, env, (offset, key, message) =>
      this.findings.problem(this.#placeAt(offset), key, message),
    )
    this.tree = this.plain(document.contents, [])
  }

  /** The place of a key, or of the nearest section around it that exists. */
  keyPlace(path: Path): Place {
    const { key, keyOrigin } = this.#find(path)
    return this.#placeOf(key, keyOrigin)
  }

  /** The place of a value, or of its key if it is empty. */
  valuePlace(path: Path): Place {
    const node = this.#node(path)
    return node ? this.#placeOf(node, this.#find(path).origin) : this.keyPlace(path)
  }

  /** Refuses a value, or a key. The message is the key's name and `rest`. */
  refuse(path: Path, rest: string, at: 'key' | 'value' = 'value'): void {
    const place = at === 'key' ? this.keyPlace(path) : this.valuePlace(path)
    this.findings.problem(place, path, nameOf(path) + rest)
  }

  /** Warns of a key, or a value. `level`: for a remark about a key that takes effect. */
  warn(path: Path, rest: string, at: 'key' | 'value' = 'key', level?: 'info'): void {
    const place = at === 'key' ? this.keyPlace(path) : this.valuePlace(path)
    this.findings.warning(place, path, nameOf(path) + rest, level)
  }

  /** A value as it is written, for a message: short, and never a secret. */
  describe(path: Path): string {
    const node = this.#node(path)
    return isScalar(node) && SECRET.test(nameOf(path)) ? 'what is there' : describe(node)
  }

  /** The scalar at a path. */
  scalar(path: Path): Scalar | undefined {
    const node = this.#node(path)
    return isScalar(node) ? node : undefined
  }

  /** The text that the references of the scalar at a path were expanded to. */
  expansion(path: Path): string | undefined {
    const scalar = this.scalar(path)
    return scalar && this.#expansions.get(scalar)?.text
  }

  /** The environment variables that a value comes from, or refers to. */
  variables(path: Path): readonly string[] {
    const { origin } = this.#find(path)
    if (origin?.variable !== undefined) return [origin.variable]
    const node = origin?.scalar ?? this.#node(path)
    return (node && this.#expansions.get(node)?.names) ?? []
  }

  /** Whether a variable has set any key. */
  get isOverridden(): boolean {
    return [...this.#layers.values()].some(({ origin }) => origin?.variable !== undefined)
  }

  /** Replaces the file's value by that of a variable. Returns it as a plain value. */
  override(path: Path, value: Node, variable: string): unknown {
    const origin = { variable }
    const key = new Scalar(path.at(-1))
    this.#layers.set(JSON.stringify(path), { key, value, keyOrigin: origin, origin })
    return this.plain(value, path)
  }

  /** Replaces a scalar by what its expanded text means. Returns it as a plain value. */
  expand(path: Path, value: Node): unknown {
    const { key, keyOrigin } = this.#find(path)
    const origin = { scalar: this.scalar(path) as Node }
    this.#layers.set(JSON.stringify(path), { key, keyOrigin, value, origin })
    return this.plain(value, path)
  }

  /** Makes a path lead to the place of another. */
  move(from: Path, to: Path): void {
    this.#layers.set(JSON.stringify(to), this.#find(from))
  }

  /** A node without its places. */
  plain(node: Node | null, path: Path): unknown {
    const resolved = this.#resolve(node)
    if (isSeq(resolved))
      return resolved.items.map((item, index) => this.plain(item as Node, [...path, index]))
    if (isMap(resolved))
      return Object.fromEntries(
        [...this.#entriesOf(resolved, path)].map(([name, { value }]) => [
          name,
          this.plain(value, [...path, name]),
        ]),
      )
    return isScalar(resolved) ? resolved.value : null
  }

  /** The node at a path; undefined if there is none, or an empty one. */
  #node(path: Path): Node | undefined {
    const { value, isWhole } = this.#find(path)
    return isWhole ? this.#resolve(value) : undefined
  }

  /** The entry at a path, or the nearest one around it. */
  #find(path: Path): Found & { readonly isWhole: boolean } {
    let [found, depth] = this.#layerOf(path)
    for (; depth < path.length; depth++) {
      const entry = this.#step(found.value, path[depth] as string | number)
      if (entry === undefined) return { ...found, isWhole: false }
      const { origin } = found
      found = { ...entry, keyOrigin: origin, origin }
    }
    return { ...found, isWhole: true }
  }

  /** Where to start looking for a path, and how much of the path that covers. */
  #layerOf(path: Path): [Found, number] {
    for (let depth = this.#layers.size === 0 ? 0 : path.length; depth > 0; depth--) {
      const layer = this.#layers.get(JSON.stringify(path.slice(0, depth)))
      if (layer) return [layer, depth]
    }
    const { contents } = this.#parsed.document
    return [{ key: contents ?? new Scalar(null), value: contents }, 0]
  }

  #step(value: Node | null, step: string | number): Entry | undefined {
    const node = this.#resolve(value)
    if (isMap(node)) return this.#entriesOf(node, []).get(String(step))
    const item = isSeq(node) ? (node.items[Number(step)] as Node | undefined) : undefined
    return item && { key: item, value: item }
  }

  /** The entries of a map, merged ones (`<<`) included. `path` is for messages. */
  #entriesOf(node: Node, path: Path): ReadonlyMap<string, Entry> {
    const known = this.#entries.get(node)
    if (known || !isMap(node)) return known ?? new Map<string, Entry>()
    const entries = new Map<string, Entry>()
    const own = new Set(node.items.map(({ key }) => String((key as Scalar).value)))
    for (const { key, value } of node.items as Entry[]) {
      const name = String((key as Scalar).value)
      if (name !== '<<') entries.set(name, { key, value })
      else
        for (const [merged, entry] of this.#merged(value, path))
          if (!own.has(merged)) entries.set(merged, entry)
    }
    this.#entries.set(node, entries)
    return entries
  }

  #merged(value: Node | null, path: Path): Map<string, Entry> {
    const node = this.#resolve(value)
    const merged = new Map<string, Entry>()
    // The first map that holds a key wins.
    for (const each of (isSeq(node) ? (node.items as Node[]) : [node]).toReversed()) {
      const source = this.#resolve(each ?? null)
      if (isMap(source))
        for (const [name, entry] of this.#entriesOf(source, path)) merged.set(name, entry)
      else if (source !== undefined) {
        const message = `${nameOf(path)} must be a section of keys, not ${describe(source)}`
        this.findings.problem(this.#placeOf(source), path, message)
      }
    }
    return merged
  }

  /** The node behind an alias; undefined if it is empty. */
  #resolve(value: Node | null): Node | undefined {
    const node = isAlias(value) ? this.#parsed.targets.get(value) : value
    return !node || (isScalar(node) && node.value === null) ? undefined : node
  }

  #placeOf(node: Node, origin?: Origin): Place {
    if (origin?.variable !== undefined) return { variable: origin.variable }
    return this.#placeAt((origin?.scalar ?? node).range?.[0] ?? 0)
  }

  #placeAt(offset: number): Place {
    const { line, col } = this.#parsed.lines.linePos(offset)
    return { file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
}

function describe(node: Node | undefined): string {
  if (isMap(node)) return 'a section of keys'
  if (isSeq(node)) return 'a list'
  if (!isScalar(node)) return 'nothing'
  const { value, source } = node
  const text = typeof value === 'string' ? JSON.stringify(value) : (source ?? String(value))
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
}

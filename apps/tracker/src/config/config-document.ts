import {
  isAlias,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  Scalar,
  visit,
  type Document,
  type Node,
} from 'yaml'
import { Aliases } from './aliases.ts'
import { MASK } from './mask.ts'
import { parseYaml, ValueTextError } from './value-text.ts'
import type { ConfigNote } from './problems.ts'
import { expandReferences, mayHoldReferences } from './references.ts'
import { duplicateKeys, parseYamlDocument } from './yaml-document.ts'

/** A key of the file and what it holds; the key of a list's item is the item itself. */
export interface Located {
  readonly key: Node
  readonly value: Node | null
}

export type Entries = ReadonlyMap<string, Located>

/** What stands in the place of `${NAME}`: the text of the whole value, and the variables in it. */
export interface Expansion {
  readonly text: string
  readonly names: readonly string[]
}

/**
 * A configuration file as YAML sees it: nodes, where they are, and what there is to say about them.
 */
export class ConfigDocument {
  readonly file: string
  readonly problems: ConfigNote[] = []
  readonly warnings: ConfigNote[] = []
  /** Whether this is no YAML, so that whatever else there would be to say is noise. */
  readonly isBroken: boolean
  readonly #text: string
  readonly #document: Document
  readonly #lines = new LineCounter()
  #aliases: Aliases | undefined
  readonly #variables = new WeakMap<Node, string>()
  readonly #expansions = new WeakMap<Node, Expansion>()
  readonly #said = new Set<string>()

  constructor(file: string, text: string, env: NodeJS.ProcessEnv) {
    this.file = file
    this.#text = text
    this.#document = this.#parse(text)
    if (this.problems.length === 0) this.#checkKeys()
    if (this.problems.length === 0)
      this.#aliases = new Aliases(this.#document, (at, message) => this.problem(at, '', message))
    this.isBroken = this.problems.length > 0
    if (!this.isBroken) this.#expandReferences(env)
  }

  /** The whole file. */
  root(): Located {
    const { contents } = this.#document
    return { key: contents ?? new Scalar(null), value: contents }
  }

  problem(at: Node, key: string, message: string): void {
    this.#add(this.problems, this.#note(at, key, message))
  }

  /** `level` is for what takes effect as it is written. */
  warning(at: Node, key: string, message: string, level?: 'info'): void {
    this.#add(this.warnings, { ...this.#note(at, key, message), ...(level && { level }) })
  }

  /** What a place holds, behind its alias; undefined when that is nothing. */
  node(place: Located): Node | undefined {
    const node = isAlias(place.value) ? this.#aliases?.resolve(place.value) : place.value
    if (!node || (isScalar(node) && node.value === null)) return undefined
    return node
  }

  /** The plain value of a node, without any check. */
  plain(node: Node): unknown {
    // How much aliases stand for has been looked at.
    return node.toJS(this.#document, { maxAliasCount: -1 })
  }

  /** Says that a node, and all within it, comes from a variable. */
  comesFrom(variable: string, node: Node): Node {
    visit(node, { Node: (_key, each) => void this.#variables.set(each, variable) })
    return node
  }

  /** The variables that a node comes from, or that stand in it. */
  variablesOf(node: Node): readonly string[] {
    const variable = this.#variables.get(node)
    return variable === undefined ? (this.#expansions.get(node)?.names ?? []) : [variable]
  }

  /** The expansion of `${NAME}` that a node is. */
  expansion(node: Node): Expansion | undefined {
    return this.#expansions.get(node)
  }

  /** Puts a node in the place of another that was expanded. */
  standsFor(node: Node, expanded: Node): Node {
    const expansion = this.#expansions.get(expanded)
    visit(node, {
      Node: (_key, each) => {
        if (expanded.range) each.range = expanded.range
        if (expansion) this.#expansions.set(each, expansion)
      },
    })
    return node
  }

  #parse(text: string): Document {
    const document = parseYamlDocument(text, this.#lines, { uniqueKeys: false })
    for (const error of document.errors)
      this.problems.push(this.#noteAt(error.pos[0], '', error.message))
    for (const warning of document.warnings)
      this.warnings.push(this.#noteAt(warning.pos[0], '', warning.message))
    return document
  }

  #checkKeys(): void {
    for (const key of duplicateKeys(this.#document))
      this.problem(key, '', `the key ${String((key as Scalar).value)} is here twice`)
  }

  #expandReferences(env: NodeJS.ProcessEnv): void {
    visit(this.#document, {
      Scalar: (key, scalar, path) => {
        if (key === 'key' || typeof scalar.value !== 'string') return
        if (scalar.value.includes(MASK)) {
          const name = keyPath(path, key)
          this.problem(
            scalar,
            name,
            `${name}: ${MASK} is what print-config shows in place of a secret; write the secret itself`,
          )
        }
        if (!mayHoldReferences(scalar.value)) return
        const { text, names, bad } = expandReferences(scalar.value, env)
        const [start = 0, end = 0] = scalar.range ?? []
        for (const reference of bad) {
          const at = this.#text.indexOf(reference.text, start)
          const name = keyPath(path, key)
          const message = `${name}: ${reference.text} ${reference.reason}`
          this.#add(this.problems, this.#noteAt(at >= 0 && at < end ? at : start, name, message))
        }
        this.#expansions.set(scalar, { text, names })
        // As YAML would have read it, for those who have no schema; and nothing where enough has
        // been said.
        scalar.value = bad.length > 0 ? null : scalar.type === 'PLAIN' ? resolvePlain(text) : text
        scalar.source = text
      },
    })
  }

  #add(notes: ConfigNote[], note: ConfigNote): void {
    const { line, column, variable, message } = note
    const said = JSON.stringify([notes === this.problems, line, column, variable, message])
    // Several readers may look at one place.
    if (!this.#said.has(said)) notes.push(note)
    this.#said.add(said)
  }

  #note(at: Node, key: string, message: string): ConfigNote {
    const variable = this.#variables.get(at)
    return variable === undefined
      ? this.#noteAt(at.range?.[0] ?? 0, key, message)
      : { variable, key, message }
  }

  #noteAt(offset: number, key: string, message: string): ConfigNote {
    const { line, col } = this.#lines.linePos(offset)
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1), key, message }
  }
}

function resolvePlain(text: string): unknown {
  try {
    const node = parseYaml(text)
    return isScalar(node) ? node.value : text
  } catch (error) {
    if (error instanceof ValueTextError) return text
    throw error
  }
}

/** The path of a value among those that lead to it. */
function keyPath(ancestors: readonly unknown[], key: unknown): string {
  let path = ''
  ancestors.forEach((ancestor, index) => {
    const next = ancestors[index + 1]
    if (isPair(ancestor))
      path += `${path === '' ? '' : '.'}${String((ancestor.key as Scalar).value)}`
    else if (isSeq(ancestor))
      path += `[${next === undefined ? String(key) : ancestor.items.indexOf(next)}]`
  })
  return path
}

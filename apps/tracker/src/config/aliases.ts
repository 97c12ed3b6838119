import { isAlias, isCollection, isNode, isPair } from 'yaml'
import type { Alias, Document, Node, YAMLMap, YAMLSeq } from 'yaml'
import { MAX_DEPTH } from './yaml-document.ts'

/** Aliases in a file at most. */
const MAX_ALIASES = 1000
/**
 * Values that the aliases of a file stand for at most: a few lines of them can stand for more than
 * any memory holds.
 */
const MAX_VALUES = 1_000_000

/** How large a node is once its aliases have their values. */
interface Extent {
  readonly values: number
  /** How many of them the aliases stand for. */
  readonly aliased: number
  readonly depth: number
}

const NOTHING: Extent = { values: 0, aliased: 0, depth: 0 }
const SINGLE: Extent = { values: 1, aliased: 0, depth: 0 }

/** What the aliases of a document stand for. */
export class Aliases {
  readonly #targets = new Map<Alias, Node>()
  readonly #anchors = new Map<string, Node>()
  readonly #extents = new Map<Node, Extent>()
  readonly #open = new Set<Node>()
  readonly #problem: (at: Node, message: string) => void
  #count = 0
  #isTooLarge = false

  /**
   * `problem` is told of aliases that have no value, and of those that would have too large a one.
   */
  constructor(document: Document, problem: (at: Node, message: string) => void) {
    this.#problem = problem
    this.#measure(document.contents)
  }

  /** The node that an alias stands for; undefined when it has been reported. */
  resolve(alias: Alias): Node | undefined {
    return this.#targets.get(alias)
  }

  /** The recursion ends, as a document is at most `MAX_DEPTH` deep. */
  #measure(node: unknown): Extent {
    if (isPair(node)) return sum([this.#measure(node.key), this.#measure(node.value)])
    if (isAlias(node)) return this.#follow(node)
    if (!isNode(node)) return NOTHING
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    const extent = isCollection(node) ? this.#measureItems(node) : SINGLE
    if (node.anchor !== undefined) this.#extents.set(node, extent)
    return extent
  }

  #measureItems(node: YAMLMap | YAMLSeq): Extent {
    this.#open.add(node)
    const { values, aliased, depth } = sum(node.items.map((item) => this.#measure(item)))
    this.#open.delete(node)
    if (aliased > MAX_VALUES)
      return this.#refuseSize(node, `the aliases in here expand to more than ${MAX_VALUES} values`)
    if (depth >= MAX_DEPTH)
      return this.#refuseSize(node, `with its aliases this is nested more than ${MAX_DEPTH} deep`)
    return { values: values + 1, aliased, depth: depth + 1 }
  }

  #follow(alias: Alias): Extent {
    const target = this.#anchors.get(alias.source)
    this.#count++
    if (target === undefined)
      return this.#refuse(alias, `the alias *${alias.source} has no anchor before it`)
    if (this.#open.has(target))
      return this.#refuse(alias, `the alias *${alias.source} stands inside its own anchor`)
    if (this.#count === MAX_ALIASES + 1)
      this.#refuse(alias, `from here on there are more than ${MAX_ALIASES} aliases`)
    this.#targets.set(alias, target)
    const extent = this.#extents.get(target) ?? NOTHING
    return { ...extent, aliased: extent.values }
  }

  /** Only the innermost node is reported: those around it are too large as well. */
  #refuseSize(at: Node, message: string): Extent {
    if (!this.#isTooLarge) this.#refuse(at, message)
    this.#isTooLarge = true
    return NOTHING
  }

  #refuse(at: Node, message: string): Extent {
    this.#problem(at, message)
    return NOTHING
  }
}

function sum(extents: readonly Extent[]): Extent {
  let [values, aliased, depth] = [0, 0, 0]
  for (const extent of extents) {
    values += extent.values
    aliased += extent.aliased
    depth = Math.max(depth, extent.depth)
  }
  return { values, aliased, depth }
}

import { isAlias, isCollection, isNode, isPair } from 'yaml'
import type { Alias, Document, Node, YAMLMap, YAMLSeq } from 'yaml'

/** The deepest nesting of lists and maps, as code that walks a document recurses. */
export const MAX_DEPTH = 100
/** The number of aliases in a file. */
const MAX_ALIASES = 1000
/**
 * The number of values that aliases expand to. A few lines can expand to more than memory holds.
 */
const MAX_VALUES = 1_000_000

/** The size of a node after its aliases are expanded. */
interface Extent {
  readonly values: number
  /** The values that come from aliases. */
  readonly aliased: number
  readonly depth: number
}

const NOTHING: Extent = { values: 0, aliased: 0, depth: 0 }
const SINGLE: Extent = { values: 1, aliased: 0, depth: 0 }

type Report = (at: Node, message: string) => void

/**
 * The node behind each alias. Reports aliases without an anchor, and aliases that expand to more
 * than a configuration needs.
 */
export function resolveAliases(document: Document, report: Report): ReadonlyMap<Alias, Node> {
  const resolver = new AliasResolver(report)
  resolver.measure(document.contents)
  return resolver.targets
}

class AliasResolver {
  readonly targets = new Map<Alias, Node>()
  readonly #anchors = new Map<string, Node>()
  readonly #extents = new Map<Node, Extent>()
  readonly #open = new Set<Node>()
  readonly #report: Report
  #count = 0
  #isTooLarge = false

  constructor(report: Report) {
    this.#report = report
  }

  /** The recursion ends, as a document is at most `MAX_DEPTH` deep. */
  measure(node: unknown): Extent {
    if (isPair(node)) return sum([this.measure(node.key), this.measure(node.value)])
    if (isAlias(node)) return this.#follow(node)
    if (!isNode(node)) return NOTHING
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    const extent = isCollection(node) ? this.#measureItems(node) : SINGLE
    if (node.anchor !== undefined) this.#extents.set(node, extent)
    return extent
  }

  #measureItems(node: YAMLMap | YAMLSeq): Extent {
    this.#open.add(node)
    const { values, aliased, depth } = sum(node.items.map((item) => this.measure(item)))
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
      return this.#refuse(alias, `the alias *${alias.source} is inside its own anchor`)
    if (this.#count === MAX_ALIASES + 1)
      this.#refuse(alias, `from here on, there are more than ${MAX_ALIASES} aliases`)
    this.targets.set(alias, target)
    const extent = this.#extents.get(target) ?? NOTHING
    return { ...extent, aliased: extent.values }
  }

  /** Reports only the innermost node: those around it are too large as well. */
  #refuseSize(at: Node, message: string): Extent {
    if (!this.#isTooLarge) this.#refuse(at, message)
    this.#isTooLarge = true
    return NOTHING
  }

  #refuse(at: Node, message: string): Extent {
    this.#report(at, message)
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

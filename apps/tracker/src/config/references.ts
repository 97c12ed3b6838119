import { isPair, isScalar, isSeq, visit, type Document, type Node, type Scalar } from 'yaml'
import { parseValue, ValueTextError } from './document.ts'
import { nameOf, type Path } from './problems.ts'

/** What `print-config` shows instead of a secret. */
export const MASK = '********'
/**
 * `${NAME}` or `${NAME:-default}` in a value. Any other `$` is text, as in Chihaya.
 */
const REFERENCE = /\$?\$\{([A-Za-z_]\w*)(?::-([^}]*))?(\})?/g

/** A reference that has no value. */
interface BadReference {
  /** As it is written. */
  readonly text: string
  readonly reason: string
}

/** The text of a value after its references are replaced. */
export interface Expansion {
  readonly text: string
  /** The variables in it, each once. */
  readonly names: readonly string[]
}

export interface Expanded extends Expansion {
  readonly bad: readonly BadReference[]
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` by the values of environment variables; the default is
 * used if a variable is unset or empty. `$${` becomes `${`.
 */
export function expandReferences(text: string, env: NodeJS.ProcessEnv): Expanded {
  const names = new Set<string>()
  const bad: BadReference[] = []
  const expanded = text.replaceAll(
    REFERENCE,
    (whole, name: string, byDefault?: string, end?: string) => {
      if (whole.startsWith('$$')) return whole.slice(1)
      names.add(name)
      if (end === undefined) {
        const reason = `is neither \${${name}} nor \${${name}:-default}; write $\${ for a plain \${`
        bad.push({ text: whole, reason })
        return ''
      }
      const value = env[name]
      if (byDefault !== undefined) return value === undefined || value === '' ? byDefault : value
      if (value === undefined)
        bad.push({
          text: whole,
          reason: `has no value, as the environment variable ${name} is not set`,
        })
      return value ?? ''
    },
  )
  return { text: expanded, names: [...names], bad }
}

type Report = (offset: number, key: string, message: string) => void

/**
 * Replaces the references in the values of a document. The scalars then hold the expanded text as
 * YAML parses it. Returns the text itself, to parse it as the type that a key needs.
 */
export function expandDocument(
  document: Document,
  text: string,
  env: NodeJS.ProcessEnv,
  report: Report,
): ReadonlyMap<Node, Expansion> {
  const expansions = new Map<Node, Expansion>()
  visit(document, {
    Scalar: (key, scalar, ancestors) => {
      if (key === 'key' || typeof scalar.value !== 'string') return
      const [start = 0, end = 0] = scalar.range ?? []
      if (scalar.value.includes(MASK)) {
        const name = nameOf(pathOf(ancestors, key))
        const message = `${name}: ${MASK} is what print-config shows in place of a secret; write the secret itself`
        report(start, name, message)
      }
      if (!scalar.value.includes('${')) return
      const { bad, ...expansion } = expandReferences(scalar.value, env)
      for (const reference of bad) {
        const at = text.indexOf(reference.text, start)
        const name = nameOf(pathOf(ancestors, key))
        const message = `${name}: ${reference.text} ${reference.reason}`
        report(at >= 0 && at < end ? at : start, name, message)
      }
      expansions.set(scalar, expansion)
      // A value that has been reported counts as absent.
      if (bad.length > 0) scalar.value = null
      else scalar.value = scalar.type === 'PLAIN' ? resolvePlain(expansion.text) : expansion.text
      scalar.source = expansion.text
    },
  })
  return expansions
}

function resolvePlain(text: string): unknown {
  try {
    const node = parseValue(text)
    return isScalar(node) ? node.value : text
  } catch (error) {
    if (error instanceof ValueTextError) return text
    throw error
  }
}

/** The path of a scalar below its ancestors. */
function pathOf(ancestors: readonly unknown[], key: unknown): Path {
  return ancestors.flatMap((ancestor, index): Path => {
    if (isPair(ancestor)) return [String((ancestor.key as Scalar).value)]
    if (!isSeq(ancestor)) return []
    const next = ancestors[index + 1]
    return [next === undefined ? Number(key) : ancestor.items.indexOf(next)]
  })
}

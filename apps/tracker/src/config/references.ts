/**
 * `${NAME}` or `${NAME:-default}` in a value. Everything else with a `$` is text, as it is in
 * Chihaya.
 */
const REFERENCE = /\$?\$\{([A-Za-z_]\w*)(?::-([^}]*))?(\})?/g

/** A reference that has no value, as it is written, and what is the matter. */
interface BadReference {
  readonly text: string
  readonly reason: string
}

export interface Expanded {
  readonly text: string
  /** The variables that stand in it, each once. */
  readonly names: readonly string[]
  readonly bad: readonly BadReference[]
}

/** Whether a value may hold references, or `$${`, which stands for `${`. */
export function mayHoldReferences(text: string): boolean {
  return text.includes('${')
}

/**
 * Puts the values of environment variables in the place of `${NAME}` and `${NAME:-default}`, the
 * default when a variable is not set or empty. `$${` becomes `${`.
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
